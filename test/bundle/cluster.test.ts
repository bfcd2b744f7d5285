// The bundle with three trackers and two signaling servers joined by a nats-server, as docs/cluster.md brings it up: to clients they are one.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { testBundle } from '../../scripts/lib/bundle.mjs';
import { announcePair } from '../support/announce-pair.ts';
import { composeWith, eventually } from '../support/bundle.ts';
import { policyFaults, type ComposeConfig } from '../support/policy.ts';
import { namesInUse } from '../support/prometheus.ts';
import { readRepositoryFile, root } from '../support/repository.ts';

const SERVICES = ['nats', 'tracker', 'tracker-node', 'peerjs', 'peerjs-node', 'nginx'];
const FRESH_START_MS_MAX = 180_000;

describe('the bundle as a cluster', () => {
  let env: NodeJS.ProcessEnv;

  const trackers = (): string[] =>
    composeWith(env, 'ps', '--quiet', 'tracker', 'tracker-node').trim().split('\n');
  const page = (container: string, at = 8000): string => {
    const ask = `fetch('http://127.0.0.1:${at}/metrics').then((r) => r.text()).then((t) => console.log(t))`;
    return execFileSync('docker', ['exec', container, 'node', '-e', ask], { encoding: 'utf8' });
  };
  /** A metric of each tracker. */
  const metric = (name: string): number[] =>
    trackers().map((container) => {
      return Number(
        page(container)
          .split('\n')
          .find((line) => line.startsWith(`${name} `))!
          .slice(name.length + 1),
      );
    });
  /** A PeerJS client, once it has its id. */
  const peer = (id: string): Promise<WebSocket> => {
    const query = new URLSearchParams({ key: 'peerjs', id, token: 'token', version: '1.5.5' });
    const at = Number(env['HTTP_PORT']);
    const headers = { host: `localhost:${at}` };
    const socket = new WebSocket(`ws://127.0.0.1:${at}/peerjs?${query.toString()}`, { headers });
    return new Promise((resolve, reject) => {
      socket.once('message', () => resolve(socket)); // OPEN
      socket.once('error', reject);
    });
  };
  const pair = (): Promise<{ offer: unknown; answer: unknown }> =>
    announcePair('localhost', Number(env['HTTP_PORT']));

  beforeAll(async () => {
    const bundle = await testBundle();
    env = {
      ...bundle.env,
      COMPOSE_FILE: 'docker-compose.yml:docker-compose.cluster.yml',
      CLUSTER_TOKEN: randomBytes(32).toString('hex'),
    };
    const up = ['up', '--build', '--detach', '--wait', '--scale', 'tracker-node=2', ...SERVICES];
    const { status, stderr } = spawnSync('docker', ['compose', ...up], { cwd: root, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`Cannot bring the cluster up: ${stderr}`);
  }, FRESH_START_MS_MAX);

  afterAll(() => {
    composeWith(env, 'down', '--volumes', '--remove-orphans', '--timeout', '5');
  }, 60_000);

  it('is hardened throughout', () => {
    const config = JSON.parse(composeWith(env, 'config', '--format', 'json')) as ComposeConfig;
    const userOf = (file: string): string | undefined =>
      [...readRepositoryFile(file).matchAll(/^USER (.+)$/gm)].at(-1)?.[1];
    expect(policyFaults(config, userOf)).toEqual([]);
  });

  it('introduces clients through nginx, which gives each tracker some of them', async () => {
    await eventually(
      'three nodes',
      () => Promise.resolve(metric('tracker_cluster_nodes')),
      (nodes) => nodes.join() === '3,3,3',
    );
    for (let pairs = 0; pairs < 12; pairs++)
      expect(await pair()).toEqual({
        offer: { type: 'offer', sdp: 'the offer' },
        answer: { type: 'answer', sdp: 'the answer' },
      });
    expect(Math.min(...metric('tracker_upgrades_total'))).toBeGreaterThan(0);
  });

  it('passes messages between PeerJS clients, whichever signaling server nginx gave them', async () => {
    const peers = await Promise.all(Array.from({ length: 6 }, (_, index) => peer(`peer${index}`)));
    try {
      for (const [index, from] of peers.entries()) {
        const to = (index + 1) % peers.length;
        const heard = new Promise<unknown>((resolve) =>
          peers[to]!.once('message', (data) => resolve(JSON.parse((data as Buffer).toString()))),
        );
        from.send(JSON.stringify({ type: 'OFFER', dst: `peer${to}`, payload: index }));
        expect(await heard).toEqual({ type: 'OFFER', src: `peer${index}`, dst: `peer${to}`, payload: index });
      }
    } finally {
      for (const each of peers) each.close();
    }
  });

  it('has every number of a cluster that the alerts speak of', () => {
    const pages =
      trackers()
        .map((each) => page(each))
        .join('') + page(composeWith(env, 'ps', '--quiet', 'peerjs').trim(), 9000);
    const names = namesInUse().filter((name) => name.includes('_cluster_'));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !pages.includes(`\n${name} `))).toEqual([]);
    // All are of one image, and one of them is the relay.
    expect(metric('tracker_cluster_releases')).toEqual([1, 1, 1]);
    expect(metric('tracker_cluster_relays')).toEqual([1, 1, 1]);
  });

  it('goes on, each node alone, while the nats-server stands still, and is one again afterwards', async () => {
    const see = (nodes: number): Promise<unknown> =>
      eventually(
        `${nodes} nodes at each`,
        () => Promise.resolve(metric('tracker_cluster_nodes')),
        (found) => found.every((count) => count === nodes),
      );
    composeWith(env, 'pause', 'nats');
    await see(1);
    composeWith(env, 'unpause', 'nats');
    await see(3);
    for (let pairs = 0; pairs < 6; pairs++) await pair();
  });

  it('goes on when the nats-server crashes, and Docker starts it again', async () => {
    const nats = composeWith(env, 'ps', '--quiet', 'nats').trim();
    composeWith(env, 'exec', '-T', 'nats', 'bash', '-c', 'kill -KILL $(cat /proc/1/task/1/children)');
    const restarts = (): string =>
      execFileSync('docker', ['inspect', '--format', '{{.RestartCount}}', nats], { encoding: 'utf8' }).trim();
    await eventually(
      'its new start',
      () => Promise.resolve(restarts()),
      (found) => found === '1',
    );
    await eventually(
      'three nodes',
      () => Promise.resolve([metric('tracker_cluster_up').join(), metric('tracker_cluster_nodes').join()]),
      (found) => found.join() === '1,1,1,3,3,3',
    );
    for (let pairs = 0; pairs < 6; pairs++) await pair();
  });

  it('goes on when a node is killed', async () => {
    execFileSync('docker', [
      'kill',
      composeWith(env, 'ps', '--quiet', 'tracker-node').trim().split('\n')[0]!,
    ]);
    await eventually(
      'two nodes',
      () => Promise.resolve(metric('tracker_cluster_nodes')),
      (nodes) => nodes.join() === '2,2',
    );
    for (let pairs = 0; pairs < 6; pairs++) await pair();
  });
});
