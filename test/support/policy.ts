// The hardening policy, over what `docker compose config --format json` says. Pure.

interface ComposeService {
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly network_mode?: string;
  readonly init?: boolean;
  readonly restart?: string;
  readonly image?: string;
  readonly user?: string;
  readonly build?: { readonly dockerfile: string };
  readonly pid?: string;
  readonly ipc?: string;
  readonly devices?: readonly unknown[];
  readonly profiles?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ulimits?: { readonly nofile?: { readonly soft: number; readonly hard: number } };
  readonly logging?: { readonly driver: string; readonly options?: Readonly<Record<string, string>> };
  readonly healthcheck?: { readonly test?: readonly string[]; readonly start_interval?: string };
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> } };
  readonly ports?: readonly {
    readonly host_ip?: string;
    readonly published?: string;
    readonly protocol?: string;
  }[];
  readonly volumes?: readonly {
    readonly type: string;
    readonly source: string;
    readonly read_only?: boolean;
  }[];
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
  // Which leaves out Docker's socket, too.
  'nothing of the host': (service) =>
    (service.volumes ?? []).every(({ type }) => type === 'volume') &&
    service.pid === undefined &&
    service.ipc === undefined &&
    service.devices === undefined,
  'an image of one exact tag': (service) => isPinned(service.image ?? ''),
};

/** Ours have the bundle's version; others all parts of theirs. */
function isPinned(image: string): boolean {
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  if (tag === undefined || tag === 'latest') return false;
  return image.startsWith('relay-swarm/') || /^v?\d+\.\d+\.\d+/.test(tag);
}

/** Rules for what runs all day; tools (in a profile) run once and end. */
const RULES_OF_SERVICES: typeof RULES = {
  'a health check that old Docker engines understand': ({ healthcheck }) =>
    healthcheck?.test !== undefined && healthcheck.start_interval === undefined,
  'a restart policy': (service) => service.restart === 'unless-stopped',
};

const SECRETS: Readonly<Record<string, RegExp>> = {
  ...{ stun: /^STUN_/, coturn: /^STUN_/, peerjs: /^(PEERJS|CLUSTER)_/, 'peerjs-node': /^(PEERJS|CLUSTER)_/ },
  ...{ nats: /^CLUSTER_/, tracker: /^CLUSTER_/, 'tracker-node': /^CLUSTER_/ },
};

/** Who may see what is secret, or would be a loss: rw to write, ro to read. What is not named here has no volume. */
const VOLUMES: Readonly<Record<string, Readonly<Record<string, 'rw' | 'ro'>>>> = {
  nginx: { data: 'ro', media: 'ro', tls: 'rw', acme: 'ro' },
  tracker: { data: 'rw', identity: 'rw' },
  peerjs: { data: 'rw' },
  stun: { data: 'rw', secret: 'rw', tls: 'ro' },
  coturn: { secret: 'ro' },
  gun: { data: 'ro' },
  seeder: { media: 'rw', seeder: 'rw' },
  certbot: { letsencrypt: 'rw', tls: 'rw', acme: 'rw' },
  prometheus: { prometheus: 'rw' },
};

/** Which networks each may be on; edge leads nowhere, and private is for other machines of the same operator. stun and coturn are on the host's when deployed, the seeder always, and on none of these. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  nginx: ['edge', 'public'],
  tracker: ['edge', 'egress', 'private'],
  'tracker-node': ['edge'],
  nats: ['edge', 'private'],
  peerjs: ['edge', 'private'],
  'peerjs-node': ['edge'],
  stun: ['edge', 'public'],
  coturn: ['public'],
  gun: ['edge', 'egress'],
  certbot: ['egress'],
  prometheus: ['edge'],
  grafana: ['edge', 'public'],
};

function foreignParts(name: string, service: ComposeService): string[] {
  const volumes = (service.volumes ?? []).filter(({ type, source, read_only }) => {
    const may = VOLUMES[name]?.[source];
    return type === 'volume' && may !== 'rw' && !(may === 'ro' && read_only === true);
  });
  const networks = Object.keys(service.networks ?? {}).filter((one) => !NETWORKS[name]?.includes(one));
  const variables = Object.keys(service.environment ?? {}).filter(
    (variable) => /SECRET|PASSWORD|TOKEN/.test(variable) && !SECRETS[name]?.test(variable),
  );
  return [
    ...volumes.map(({ source }) => `volume ${source}`),
    ...networks.map((one) => `network ${one}`),
    ...variables,
  ];
}

/** Every rule that a service breaks, as "service: rule". `userOf` says as whom its image runs. */
export function policyFaults(
  { services }: ComposeConfig,
  userOf: (dockerfile: string) => string | undefined,
): string[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const rules = service.profiles?.includes('tools') ? RULES : { ...RULES, ...RULES_OF_SERVICES };
    const broken = Object.entries(rules).filter(([, holds]) => !holds(service));
    const user = service.user ?? (service.build === undefined ? 'root' : userOf(service.build.dockerfile));
    if (user === undefined || /^(root|0)(:|$)/.test(user))
      broken.push(['a user who is not root', () => false]);
    return [
      ...broken.map(([rule]) => `${name}: ${rule}`),
      ...foreignParts(name, service).map((what) => `${name}: not ${what}`),
    ];
  });
}
