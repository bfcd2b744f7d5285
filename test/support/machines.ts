// Two machines of one domain, played by two compose projects on this one: each has an address of its own, that of a Docker network's bridge, and
// they reach each other only there. Their settings are those that scripts/machines writes.
import { spawnSync } from 'node:child_process';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { testBundle } from '../../scripts/lib/bundle.mjs';
import { composeWith, docker } from './bundle.ts';
import { OperatorFolder } from './operator-folder.ts';
import { root } from './repository.ts';

export interface Machine {
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  readonly port: number;
}

const settingsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

/** What scripts/machines says with these arguments. */
function run(operator: OperatorFolder, ...args: readonly string[]): string {
  const { status, stdout, stderr } = operator.script('machines', ...args);
  if (status !== 0) throw new Error(`Cannot run scripts/machines ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const newOperator = (): OperatorFolder =>
  new OperatorFolder().use('openssl', 'base64').write('.env', 'DOMAIN=relay.test\n');

/** CLUSTER_ROUTE_TLS of another domain's machine. */
export function anotherRouteTls(): string {
  const operator = newOperator();
  try {
    run(operator, 'first', '127.0.0.1');
    return settingsOf(operator.read('.env'))['CLUSTER_ROUTE_TLS']!;
  } finally {
    operator.remove();
  }
}

export class Machines {
  readonly first: Machine;
  readonly further: Machine;
  readonly #networks: readonly string[];

  private constructor(first: Machine, further: Machine, networks: readonly string[]) {
    this.first = first;
    this.further = further;
    this.#networks = networks;
  }

  static async prepare(): Promise<Machines> {
    const bundle = await testBundle();
    const networks = ['first', 'further'].map((name) => `${bundle.env.COMPOSE_PROJECT_NAME}-at-${name}`);
    const addresses = networks.map((name) => {
      docker('network', 'create', '--label', 'relay-swarm.test', name);
      return docker('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', name);
    });
    const operator = newOperator();
    try {
      run(operator, 'first', addresses[0]!);
      const ofFurther = settingsOf(run(operator, 'add', addresses[1]!));
      const ofFirst = settingsOf(operator.read('.env'));
      const machine = (settings: Record<string, string>, at: number, port: number): Machine => ({
        address: addresses[at]!,
        port,
        env: {
          ...bundle.env,
          ...settings,
          COMPOSE_PROJECT_NAME: `${bundle.env.COMPOSE_PROJECT_NAME}-${at + 1}`,
          // The form of a laptop: ports 80 and 443 belong to one machine.
          COMPOSE_FILE: settings['COMPOSE_FILE']!.replace('docker-compose.deploy.yml:', ''),
          HTTP_PORT: String(port),
          TRACKER_TRUSTED_PROXIES: 'uniquelocal',
          PEERJS_TRUSTED_PROXIES: 'uniquelocal',
        },
      });
      const ports = [await freePort(), await freePort()];
      return new Machines(machine(ofFirst, 0, ports[0]!), machine(ofFurther, 1, ports[1]!), networks);
    } finally {
      operator.remove();
    }
  }

  up({ env }: Machine, ...services: readonly string[]): void {
    const up = ['compose', 'up', '--build', '--detach', '--wait', ...services];
    const { status, stderr } = spawnSync('docker', up, { cwd: root, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`Cannot bring a machine up: ${stderr}`);
  }

  down(): void {
    for (const { env } of [this.first, this.further])
      composeWith(env, 'down', '--volumes', '--remove-orphans', '--timeout', '5');
    docker('network', 'rm', ...this.#networks);
  }
}
