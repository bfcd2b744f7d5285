// One domain on two machines, with the settings that scripts/machines writes (docs/cluster.md): clients meet whichever machine they come to, and
// nobody else has a route to their nats-servers.
import { spawnSync } from 'node:child_process';
import { announcePair } from '../support/announce-pair.ts';
import { composeWith, docker, eventually, get } from '../support/bundle.ts';
import { anotherRouteTls, Machines, type Machine } from '../support/machines.ts';
import { policyFaults, type ComposeConfig } from '../support/policy.ts';
import { readRepositoryFile } from '../support/repository.ts';

const FRESH_START_MS_MAX = 180_000;
const NATS_IMAGE = 'relay-swarm/nats:test';

/** The authority's, and the machine's own with its key. */
const certificatesOf = (routeTls: string): string[] =>
  Buffer.from(routeTls, 'base64')
    .toString()
    .split(/(?<=END CERTIFICATE-----\n)(?=-----BEGIN CERTIFICATE)/);

describe('two machines', () => {
  let machines: Machines;
  beforeAll(async () => {
    machines = await Machines.prepare();
    machines.up(machines.first, 'nats', 'tracker', 'peerjs', 'nginx');
    machines.up(machines.further, 'nats', 'tracker-node', 'peerjs-node', 'nginx');
  }, FRESH_START_MS_MAX);
  afterAll(() => machines.down(), 60_000);

  /** What a page says inside a container of this machine. */
  const ask = ({ env }: Machine, service: string, page: string): string => {
    const at = page.replace(
      /^(\d+)(.*)$/,
      'exec 3<>/dev/tcp/127.0.0.1/$1; printf "GET $2 HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3',
    );
    return composeWith(env, 'exec', '-T', service, 'bash', '-c', at);
  };
  /** The other nats-servers that have routes to the first machine's. */
  const routes = (): string[] => [
    ...new Set(
      [...ask(machines.first, 'nats', '8222/routez').matchAll(/"remote_id": "(\w+)"/g)].map(([, id]) => id!),
    ),
  ];

  it('are as strict as one, and open what is theirs at the private address alone', () => {
    const userOf = (file: string): string | undefined =>
      [...readRepositoryFile(file).matchAll(/^USER (.+)$/gm)].at(-1)?.[1];
    for (const { env, address } of [machines.first, machines.further]) {
      const config = JSON.parse(composeWith(env, 'config', '--format', 'json')) as ComposeConfig;
      expect(policyFaults(config, userOf)).toEqual([]);
      const { nats, tracker, peerjs } = config.services;
      const ports = [nats, tracker, peerjs].flatMap((service) => service?.ports ?? []);
      expect(ports.map(({ host_ip, published }) => [host_ip, published])).toEqual(
        (env === machines.first.env ? ['6222', '8000', '9000'] : ['6222']).map((port) => [address, port]),
      );
    }
  });

  it('see each other', async () => {
    for (const [machine, service] of [
      [machines.first, 'tracker'],
      [machines.further, 'tracker-node'],
    ] as const)
      await eventually(
        'two nodes',
        () => Promise.resolve(ask(machine, service, '8000/metrics')),
        (metrics) => metrics.includes('\ntracker_cluster_nodes 2\n'),
      );
    expect(routes()).toHaveLength(1);
  });

  it('introduce clients of one to clients of the other', async () => {
    const { first, further } = machines;
    for (let pairs = 0; pairs < 8; pairs++)
      for (const [one, other] of [
        [first.port, further.port],
        [further.port, first.port],
      ])
        expect(await announcePair('localhost', one, other)).toEqual({
          offer: { type: 'offer', sdp: 'the offer' },
          answer: { type: 'answer', sdp: 'the answer' },
        });
  });

  it('are one relay: the further one shows what the first one says', async () => {
    const { first, further } = machines;
    const [own, shown] = await Promise.all(
      [first.port, further.port].map((port) => get('localhost', '/.well-known/relay-swarm', port)),
    );
    const id = ({ body }: { body: string }): unknown => (JSON.parse(body) as { id?: unknown }).id;
    expect(id(shown!)).toEqual(expect.any(String));
    expect(id(shown!)).toBe(id(own!));
  });

  describe('refuse a nats-server', () => {
    /** Runs one that wants a route to the first machine's, until that one complains. */
    const refused = async (
      settings: Readonly<Record<string, string>>,
      command: readonly string[],
      complaint: RegExp,
    ): Promise<void> => {
      const name = `${machines.first.env['COMPOSE_PROJECT_NAME']}-stranger`;
      const env = Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
      const before = composeWith(machines.first.env, 'logs', 'nats');
      docker(
        'run',
        '--detach',
        '--rm',
        '--label',
        'relay-swarm.test',
        '--name',
        name,
        ...env,
        NATS_IMAGE,
        ...command,
      );
      try {
        await eventually(
          'the complaint',
          () => Promise.resolve(composeWith(machines.first.env, 'logs', 'nats').slice(before.length)),
          (logs) => complaint.test(logs),
        );
        expect(routes()).toHaveLength(1);
      } finally {
        spawnSync('docker', ['rm', '--force', name]);
      }
    };
    /** What a further machine has. */
    const right = (): Record<string, string> =>
      Object.fromEntries(
        ['CLUSTER_TOKEN', 'CLUSTER_PASSWORD', 'CLUSTER_ROUTE_TLS', 'CLUSTER_ROUTES', 'PRIVATE_ADDRESS'].map(
          (name) => [name, machines.further.env[name]!],
        ),
      );

    it('with another password', () =>
      refused({ ...right(), CLUSTER_PASSWORD: '0'.repeat(64) }, [], /authentication error/));

    it('without TLS', () => {
      const { CLUSTER_PASSWORD: password, CLUSTER_ROUTES: first } = right();
      const plain = ['--cluster_name', 'relay-swarm', '--cluster', 'nats://0.0.0.0:6222'];
      return refused(
        {},
        ['nats-server', ...plain, '--routes', `nats://route:${password}@${first}`],
        /TLS route handshake error: .*does not look like a TLS handshake/,
      );
    });

    it("with another authority's certificate", () => {
      // It believes the first machine, which does not believe it.
      const [authority] = certificatesOf(right()['CLUSTER_ROUTE_TLS']!);
      const [, certificate] = certificatesOf(anotherRouteTls());
      const tls = Buffer.from(authority! + certificate!).toString('base64');
      return refused(
        { ...right(), CLUSTER_ROUTE_TLS: tls },
        [],
        /TLS route handshake error: .*unknown authority/,
      );
    });
  });

  it('go on alone where the way between them is cut, and are one again', async () => {
    const { first, further } = machines;
    const natsOf = composeWith(further.env, 'ps', '--quiet', 'nats').trim();
    const nodes = (count: number): Promise<unknown> =>
      eventually(
        `${count} nodes`,
        () => Promise.resolve(ask(further, 'tracker-node', '8000/metrics')),
        (metrics) => metrics.includes(`\ntracker_cluster_nodes ${count}\n`),
      );
    const network = `${further.env['COMPOSE_PROJECT_NAME']}_private`;
    docker('network', 'disconnect', network, natsOf);
    await nodes(1);
    await announcePair('localhost', further.port);
    docker('network', 'connect', network, natsOf);
    await nodes(2);
    await announcePair('localhost', first.port, further.port);
  });
});
