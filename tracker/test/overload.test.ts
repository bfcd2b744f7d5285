// Overload and drain with whole trackers, and with clients that have never heard of it.
import { Client, type Update } from 'bittorrent-tracker';
import { WebSocket } from 'ws';
import type { Roster } from '@relay-swarm/protocol';
import { Crowd } from './support/crowd.ts';
import { HandClient } from './support/hand-client.ts';
import { startTracker, type RunningTracker } from './support/tracker.ts';
import { until } from './support/until.ts';

const announce = {
  action: 'announce',
  info_hash: 'h'.repeat(20),
  peer_id: 'p'.repeat(20),
  left: 1,
  numwant: 0,
  offers: [],
};
const CONNECTIONS_MAX = 10;

describe('a relay that fills up, beside one with room', () => {
  let roomy: RunningTracker;
  let small: RunningTracker;
  let crowd: Crowd;
  let clients: Client[];
  beforeEach(async () => {
    clients = [];
    const env = { RELAY_ALLOW_PRIVATE: 'true', RELAY_STATUS_SECONDS: '1' };
    roomy = await startTracker(env);
    small = await startTracker({
      ...env,
      RELAY_BOOTSTRAP: roomy.url.replace('ws', 'http'),
      TRACKER_CONNECTIONS_MAX: String(CONNECTIONS_MAX),
    });
    crowd = new Crowd(small.url);
    await until(() => small.relays.roster().relays.length === 2, 15);
  }, 30_000);
  afterEach(async () => {
    for (const client of clients) await new Promise<void>((resolve) => client.destroy(resolve));
    crowd.leave();
    await small.stop();
    await roomy.stop();
  });

  function createClient(announceUrls: string[]): { client: Client; updates: Update[]; warnings: string[] } {
    const client = new Client({
      infoHash: 'ab'.repeat(20),
      peerId: Buffer.from('-WW0208-overload0000').toString('hex'),
      announce: announceUrls,
      port: 6881,
      getAnnounceOpts: () => ({ numwant: 0 }),
    });
    const updates: Update[] = [];
    const warnings: string[] = [];
    client.on('update', (update: Update) => updates.push(update));
    client.on('warning', (error: Error) => warnings.push(error.message));
    client.on('error', (error: Error) => warnings.push(`error: ${error.message}`));
    clients.push(client);
    return { client, updates, warnings };
  }
  const isIn = (state: string) => () => small.relays.state() === state;

  it('serves stock clients as before while it is busy, and tells of the other one only those who ask', async () => {
    await crowd.growTo(8);
    await until(isIn('busy'), 20);
    const { client, updates, warnings } = createClient([small.url]);
    client.start();
    await until(() => updates.length === 1, 5);
    expect(updates[0]).not.toHaveProperty('relays');
    expect(warnings).toEqual([]);

    const asking = await HandClient.open(small.url);
    asking.send(announce);
    expect(await asking.takeReply()).not.toHaveProperty('relays');
    asking.send({ ...announce, relays: true });
    expect(await asking.takeReply()).toMatchObject({
      relays: [{ id: roomy.relays.descriptor().id, state: 'ok' }],
    });
    asking.socket.terminate();
  }, 60_000);

  it('turns newcomers away with the roster when it is full, while those inside and those with another tracker go on', async () => {
    const inside = createClient([small.url]);
    inside.client.start();
    await until(() => inside.updates.length === 1, 5);
    await crowd.growTo(CONNECTIONS_MAX - 1);
    await until(isIn('full'), 20);

    const refusal = await new Promise<{ status: number; retryAfter: string; body: string }>((resolve) => {
      new WebSocket(small.url)
        .on('error', () => undefined)
        .on('unexpected-response', (_request, response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'] ?? '',
              body,
            }),
          );
        });
    });
    expect(refusal.status).toBe(503);
    expect(Number(refusal.retryAfter)).toBeGreaterThan(0);
    expect((JSON.parse(refusal.body) as Roster).relays[0]?.id).toBe(roomy.relays.descriptor().id);

    // by another name, since this client shares the sockets of one process by URL
    const newcomer = createClient([small.url.replace('127.0.0.1', 'localhost'), roomy.url]);
    newcomer.client.start();
    await until(() => newcomer.updates.length > 0, 10);
    expect(newcomer.updates.map((update) => update['announce'])).toEqual([roomy.url]);
    expect(newcomer.client.destroyed).toBe(false);
    expect(newcomer.warnings.filter((warning) => warning.startsWith('error'))).toEqual([]);

    inside.client.update();
    await until(() => inside.updates.length === 2, 5);
    expect(inside.warnings).toEqual([]);
  }, 60_000);

  it('is off every roster before it closes its connections, and its stock clients go on elsewhere', async () => {
    const both = createClient([small.url, roomy.url]);
    both.client.start();
    await until(() => both.updates.length === 2, 5);
    let wasOff: boolean | undefined;
    const watcher = await HandClient.open(small.url);
    watcher.socket.once('close', (code) => {
      wasOff = code === 1012 && roomy.relays.roster().relays.length === 1;
    });
    await small.stop();
    await until(() => wasOff !== undefined, 5);
    expect(wasOff).toBe(true);
    both.client.update();
    await until(() => both.updates.length === 3, 5);
    expect(both.client.destroyed).toBe(false);
  }, 60_000);
});
