// Several machines with nginx before one tracker (docs/cluster.md): clients of all of them meet, and who they are is believed of these machines alone.
// Each machine is a compose project; a Docker network is the private one between them.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { request } from 'node:http';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { testBundle } from '../../scripts/lib/bundle.mjs';
import { announcePair } from '../support/announce-pair.ts';
import { composeWith, docker } from '../support/bundle.ts';
import { root } from '../support/repository.ts';

const FRESH_START_MS_MAX = 180_000;
const INFO_HASH = 'several-fronts-here!';

describe('two nginx machines before one tracker', () => {
  const net = `10.${randomInt(214, 254)}.${randomInt(0, 255)}`;
  const [first, ...fronts] = [`${net}.10`, `${net}.11`, `${net}.12`] as [string, string, string];
  const stranger = `${net}.20`;
  const ports: number[] = [];
  let network: string;
  let machines: NodeJS.ProcessEnv[];

  const up = (env: NodeJS.ProcessEnv, service: string, address: string): void => {
    const args = ['compose', 'up', '--build', '--detach', '--wait', service];
    const { status, stderr } = spawnSync('docker', args, { cwd: root, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`Cannot bring ${service} up: ${stderr}`);
    docker('network', 'connect', '--ip', address, network, composeWith(env, 'ps', '--quiet', service).trim());
  };

  beforeAll(async () => {
    const { env } = await testBundle();
    network = `${env.COMPOSE_PROJECT_NAME}-private`;
    docker('network', 'create', '--label', 'relay-swarm.test', '--subnet', `${net}.0/24`, network);
    const machine = async (at: number, file: string): Promise<NodeJS.ProcessEnv> => {
      ports.push(await freePort());
      return {
        ...env,
        COMPOSE_PROJECT_NAME: `${env.COMPOSE_PROJECT_NAME}-${at}`,
        COMPOSE_FILE: `docker-compose.yml:${file}`,
        HTTP_PORT: String(ports.at(-1)),
        // Where the first machine publishes what the others ask for; here they come over the network itself.
        PRIVATE_ADDRESS: `${net}.1`,
        FIRST_ADDRESS: first,
        FRONT_ADDRESSES: fronts.join(),
      };
    };
    machines = [await machine(0, 'docker-compose.fronts.yml')];
    for (const at of fronts.keys()) machines.push(await machine(at + 1, 'docker-compose.front.yml'));
    up(machines[0]!, 'tracker', first);
    for (const [at, address] of fronts.entries()) up(machines[at + 1]!, 'nginx', address);
  }, FRESH_START_MS_MAX);
  afterAll(() => {
    for (const env of machines) composeWith(env, 'down', '--volumes', '--remove-orphans', '--timeout', '5');
    docker('network', 'rm', network);
  }, 60_000);

  /** Announces over HTTP as a peer with this port, and returns the addresses of the others by their ports. */
  const query = (port: number): string =>
    `/announce?info_hash=${INFO_HASH}&peer_id=${String(port).padStart(20, '-')}&port=${port}&left=1&compact=1`;
  const read = (reply: string): Record<number, string> => {
    const [, length, rest] = /5:peers(\d+):([^]*)/.exec(reply)!;
    const peers = Buffer.from(rest!, 'latin1').subarray(0, Number(length));
    return Object.fromEntries(
      Array.from({ length: peers.length / 6 }, (_, at) => [
        peers.readUInt16BE(6 * at + 4),
        peers.subarray(6 * at, 6 * at + 4).join('.'),
      ]),
    );
  };
  const announce = (at: number, port: number): Promise<Record<number, string>> =>
    new Promise((resolve, reject) => {
      // Whatever the client says of itself, its nginx says whom it sees.
      const headers = { host: 'localhost', 'x-forwarded-for': '203.0.113.66', 'x-real-ip': '203.0.113.66' };
      request(
        { host: '127.0.0.1', port: ports[at]!, path: query(port), headers, agent: false },
        (response) => {
          let body = '';
          response.setEncoding('latin1').on('data', (part: string) => (body += part));
          response.on('end', () => resolve(read(body)));
        },
      )
        .on('error', reject)
        .end();
    });
  /** With which address this front sees whoever comes from here: that of its own network's gateway. */
  const seenBy = (at: number): string =>
    docker(
      'network',
      'inspect',
      '--format',
      '{{(index .IPAM.Config 0).Gateway}}',
      `${machines[at]!['COMPOSE_PROJECT_NAME']}_public`,
    );

  it('introduce clients of one to clients of the other', async () => {
    for (const [one, other] of [
      [1, 2],
      [2, 1],
    ] as const)
      expect(await announcePair('localhost', ports[one], ports[other])).toEqual({
        offer: { type: 'offer', sdp: 'the offer' },
        answer: { type: 'answer', sdp: 'the answer' },
      });
  });

  it('are believed who their clients are, and nobody else is', async () => {
    await announce(1, 7001);
    await announce(2, 7002);
    const image = 'relay-swarm/tracker:test';
    const ask = `fetch('http://${first}:8000${query(7003)}', { headers: { 'x-forwarded-for': '203.0.113.66' } })`;
    execFileSync(
      'docker',
      ['run', '--rm', '--label', 'relay-swarm.test', '--network', network, '--ip', stranger, image].concat([
        'node',
        '-e',
        ask,
      ]),
    );
    expect(seenBy(1)).not.toBe(seenBy(2));
    expect(await announce(1, 7004)).toEqual({ 7001: seenBy(1), 7002: seenBy(2), 7003: stranger });
  });
});
