// The hardening policy, over what `docker compose config --format json` says. Pure.

interface ComposeService {
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly init?: boolean;
  readonly restart?: string;
  readonly image?: string;
  readonly profiles?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ulimits?: { readonly nofile?: { readonly soft: number; readonly hard: number } };
  readonly logging?: { readonly driver: string; readonly options?: Readonly<Record<string, string>> };
  readonly healthcheck?: { readonly test?: readonly string[]; readonly start_interval?: string };
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> } };
  readonly ports?: readonly { readonly host_ip?: string; readonly published?: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string }[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly networks?: Readonly<Record<string, unknown>>;
}

export interface ComposeConfig {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

const RULES: Readonly<Record<string, (service: ComposeService) => boolean>> = {
  'a read-only root': (service) => service.read_only === true,
  'no capabilities': (service) => service.cap_drop?.includes('ALL') === true && service.cap_add === undefined,
  'no way to new privileges': (service) =>
    service.security_opt?.includes('no-new-privileges:true') === true && service.privileged !== true,
  'an init process': (service) => service.init === true,
  'limits of processor, memory and processes': (service) =>
    ['cpus', 'memory', 'pids'].every((limit) => service.deploy?.resources?.limits?.[limit] !== undefined),
  'a limit of open files': (service) => {
    const nofile = service.ulimits?.nofile;
    return nofile !== undefined && nofile.soft === nofile.hard;
  },
  'logs that are bounded': (service) =>
    service.logging?.driver === 'json-file' &&
    service.logging.options?.['max-size'] !== undefined &&
    service.logging.options['max-file'] !== undefined,
  'no Docker socket': (service) =>
    !(service.volumes ?? []).some(({ source }) => source.includes('docker.sock')),
  'an image of one exact tag': (service) =>
    /:[^:/]+$/.test(service.image ?? '') && !service.image!.endsWith(':latest'),
};

/** Rules for what runs all day; tools (in a profile) run once and end. */
const RULES_OF_SERVICES: typeof RULES = {
  'a health check that old Docker engines understand': ({ healthcheck }) =>
    healthcheck?.test !== undefined && healthcheck.start_interval === undefined,
  'a restart policy': (service) => service.restart === 'unless-stopped',
};

const SECRETS: Readonly<Record<string, RegExp>> = { stun: /^STUN_/, coturn: /^STUN_/, peerjs: /^PEERJS_/ };

/** Every rule that a service breaks, as "service: rule". */
export function policyFaults({ services }: ComposeConfig): string[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const rules = service.profiles?.includes('tools') ? RULES : { ...RULES, ...RULES_OF_SERVICES };
    const broken = Object.entries(rules).filter(([, holds]) => !holds(service));
    const foreign = Object.keys(service.environment ?? {}).filter(
      (variable) => /SECRET|PASSWORD|TOKEN/.test(variable) && !SECRETS[name]?.test(variable),
    );
    return [
      ...broken.map(([rule]) => `${name}: ${rule}`),
      ...foreign.map((variable) => `${name}: not ${variable}`),
    ];
  });
}
