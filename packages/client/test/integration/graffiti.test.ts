// Graffiti over three real relays, the first of which is killed while peers are announced: nobody is lost, and nobody comes twice.
import WebSocket from 'ws';
import { GraffitiClient, type GraffitiOptions } from '../../src/graffiti-client.ts';
import type { GraffitiEvent } from '../../src/graffiti-topic.ts';
import type { SocketLike, SocketPorts } from '../../src/relay-socket.ts';
import { Roster } from '../../src/roster.ts';
import { startRelays, type Relays } from '../support/relays.ts';
import { until } from '../../../../test/support/until.ts';

const infoHash = 'a9491f4c1bf7b0cffbadcba2db8f028e4b3f2867cb59e1f3a0bc1968f3c51242';
// Node 20 has no WebSocket of its own.
const ports: SocketPorts = {
  open: (url) => {
    const socket = new WebSocket(url);
    socket.on('error', () => undefined);
    return socket as unknown as SocketLike;
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
  now: Date.now,
  random: Math.random,
};

describe('GraffitiClient on three relays', () => {
  let relays: Relays;
  const rosters: Roster[] = [];

  beforeAll(async () => {
    relays = await startRelays(3);
  }, 60_000);

  afterAll(async () => {
    for (const roster of rosters) roster.close();
    await relays.stop();
  });

  async function connect(options: GraffitiOptions = {}): Promise<{ client: GraffitiClient; roster: Roster }> {
    const roster = await Roster.load(relays.urls, { store: null });
    rosters.push(roster);
    return { client: await GraffitiClient.create(roster, { ports, k: 2, ...options }), roster };
  }

  it('keeps every peer, told of once, over the death of a relay', async () => {
    const [one, two, watcher] = await Promise.all([
      connect(),
      connect({ identity: { proof: 'p'.repeat(64) } }),
      connect(),
    ]);
    await Promise.all([one.client.announce(infoHash), two.client.announce(infoHash)]);
    // A second info hash of the same peer, most likely at the same relays: they have room for its id but once.
    const others = ['1', '2', '3'].map((digit) => digit.repeat(64));
    await Promise.all(others.map((other) => one.client.announce(other)));
    const events: GraffitiEvent[] = [];
    const following = (async (): Promise<void> => {
      for await (const event of watcher.client.subscribe(infoHash)) events.push(event);
    })();
    await until('both', () => events.length === 2);

    const dying = watcher.roster.ranked(infoHash, 1)[0]!;
    relays.kill(dying.url);
    await until('the loss to be noticed', () =>
      rosters.every((roster) => !roster.ranked(infoHash, 2).some(({ id }) => id === dying.id)),
    );

    const late = await connect();
    await late.client.announce(infoHash);
    await until('the newcomer', () => events.length > 2);
    // Longer than what the dead relay has told is believed: whoever was known from it alone would be gone now.
    await new Promise((resolve) => setTimeout(resolve, 10_500));
    one.client.unannounce(infoHash);
    await until('the end of one', () => events.length > 3);
    expect(
      events
        .slice(0, 2)
        .map(({ peer }) => peer)
        .sort(),
    ).toEqual([one.client.peerId, two.client.peerId].sort());
    expect(events.slice(2)).toEqual([
      { action: 'announce', peer: late.client.peerId },
      { action: 'unannounce', peer: one.client.peerId },
    ]);
    watcher.client.close();
    await following;
  }, 90_000);
});
