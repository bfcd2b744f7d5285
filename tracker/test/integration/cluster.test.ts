// Three trackers, each a process of its own, joined by a real nats-server: to clients they are one.
import { requireTool } from '../../../test/support/tools.ts';
import { HandClient, type Received } from '../support/hand-client.ts';
import { NatsServer } from '../../../test/support/nats-server.ts';
import { UdpHost } from '../support/udp-host.ts';
import { findFreeUdpPort } from '../support/udp-port.ts';
import { spawnTracker, type TrackerProcess } from '../support/tracker-process.ts';
import { until } from '../support/until.ts';

const id = (name: string): string => name.padEnd(20, '-');
const ANSWER_MS_MAX = 500;
const OFFER = { type: 'offer', sdp: 'v=0' };

const announce = (hash: string, peer: string, more: object = {}): object => ({
  action: 'announce',
  info_hash: id(hash),
  peer_id: id(peer),
  left: 1,
  numwant: 5,
  offers: [{ offer_id: id(`${peer} offer`), offer: OFFER }],
  ...more,
});

requireTool('nats-server')('three trackers joined by a nats-server', () => {
  let nats: NatsServer;
  let trackers: TrackerProcess[] = [];
  const clients: HandClient[] = [];

  const udpPorts: number[] = [];
  const node = async (role: 'relay' | 'node'): Promise<TrackerProcess> => {
    const udpPort = await findFreeUdpPort();
    udpPorts.push(udpPort);
    return spawnTracker({
      TRACKER_UDP_PORT: String(udpPort),
      CLUSTER_URL: nats.url,
      CLUSTER_TOKEN: NatsServer.token,
      TRACKER_ROLE: role,
      TRACKER_DHT_ENABLED: 'false',
    });
  };
  const client = async (tracker: number): Promise<HandClient> => {
    const opened = await HandClient.open(trackers[tracker]!.url);
    clients.push(opened);
    return opened;
  };
  const nodesSeen = async (tracker: TrackerProcess): Promise<number> =>
    tracker.metric('tracker_cluster_nodes');
  const whole = (count: number): Promise<number> =>
    until(async () => (await Promise.all(trackers.map(nodesSeen))).every((seen) => seen === count), 15);
  /** How many are in the swarm, as a client at this tracker is told; undefined where nobody tells: what is on its way to a node that dies is lost. */
  const count = async (tracker: number, hash: string): Promise<number | undefined> => {
    const asking = await HandClient.open(trackers[tracker]!.url);
    asking.send({ action: 'scrape', info_hash: id(hash) });
    const reply = await asking
      .take('a scrape', (message) => 'files' in message, ANSWER_MS_MAX)
      .catch(() => undefined);
    asking.close();
    if (reply === undefined) return undefined;
    const file = (reply['files'] as Record<string, Received>)[id(hash)]!;
    return Number(file['complete']) + Number(file['incomplete']);
  };

  beforeAll(async () => {
    nats = await NatsServer.start();
    trackers = await Promise.all([node('relay'), node('node'), node('node')]);
    await whole(3);
  }, 60_000);

  afterEach(() => {
    for (const each of clients.splice(0)) each.close();
  });

  afterAll(async () => {
    await Promise.all(trackers.map((tracker) => tracker.stop()));
    await nats.kill();
  }, 30_000);

  it('introduce clients to each other, whichever they are connected to', async () => {
    // Four swarms: so that each tracker owns some of them, most likely.
    for (const hash of ['one', 'two', 'three', 'four']) {
      const [first, second] = [await client(0), await client(1)];
      first.send(announce(hash, 'first'));
      expect(await first.takeReply()).toMatchObject({ incomplete: 1 });
      second.send(announce(hash, 'second'));
      expect(await second.takeReply()).toMatchObject({ incomplete: 2 });
      expect(await first.takeOffer()).toMatchObject({ peer_id: id('second'), offer: OFFER });
      first.send({
        action: 'announce',
        info_hash: id(hash),
        peer_id: id('first'),
        to_peer_id: id('second'),
        offer_id: id('second offer'),
        answer: { type: 'answer', sdp: 'v=0' },
      });
      expect(await second.takeAnswer()).toMatchObject({ peer_id: id('first') });
      await until(async () => (await count(2, hash)) === 2, 5);
      first.close();
      await until(async () => (await count(2, hash)) === 1, 5);
    }
  });

  it('answer a scrape of several torrents, whoever owns them', async () => {
    const here = await client(0);
    const hashes = Array.from({ length: 8 }, (_, index) => `scraped ${index}`);
    for (const hash of hashes) {
      here.send(announce(hash, 'here'));
      await here.takeReply();
    }
    const there = await client(2);
    there.send({ action: 'scrape', info_hash: hashes.map(id) });
    const files: Record<string, unknown> = {};
    while (Object.keys(files).length < hashes.length)
      Object.assign(files, (await there.take('a scrape', (message) => 'files' in message))['files']);
    for (const hash of hashes) expect(files[id(hash)]).toMatchObject({ incomplete: 1 });
  });

  it('count those who announce over HTTP with the others, whichever they asked', async () => {
    for (const hash of ['http 1', 'http 2', 'http 3']) {
      const here = await client(0);
      here.send(announce(hash, 'browser'));
      await here.takeReply();
      for (const [index, tracker] of trackers.entries()) {
        const query = `info_hash=${id(hash)}&peer_id=${id(`host ${index}`)}&port=${7000 + index}&left=0`;
        const url = tracker.url.replace('ws', 'http');
        const reply = await (await fetch(`${url}/announce?${query}&compact=1`)).text();
        expect(reply).toContain(`8:completei${index + 1}e`);
        expect(reply).toContain('10:incompletei1e');
        const scraped = await (await fetch(`${url}/scrape?info_hash=${id(hash)}`)).text();
        expect(scraped).toContain(`8:completei${index + 1}e`);
      }
    }
  });

  it('take announces over UDP with a connection id that another one gave out', async () => {
    const host = await UdpHost.open();
    try {
      for (const hash of ['udp 1', 'udp 2', 'udp 3', 'udp 4']) {
        const [first, second, third] = udpPorts as [number, number, number];
        const connectionId = await host.connect(first);
        for (const port of [second, third]) {
          const counts = { seeders: 0, leechers: 1 };
          expect(await host.announce(port, connectionId, id(hash), id('udp host'))).toEqual(counts);
        }
        await until(async () => (await count(0, hash)) === 1, 5);
      }
    } finally {
      host.close();
    }
  });

  it('are whole again within 3 s after one was killed, and take in another one', async () => {
    const hashes = Array.from({ length: 12 }, (_, index) => `killed ${index}`);
    const staying = [await client(0), await client(1)];
    for (const [index, each] of staying.entries())
      for (const hash of hashes) {
        each.send(announce(hash, `peer ${index}`, { offers: [] }));
        await each.takeReply();
      }
    const leaving = await client(2);
    for (const hash of hashes) {
      leaving.send(announce(hash, 'leaving', { offers: [] }));
      await leaving.takeReply();
    }
    const all = async (wanted: number): Promise<boolean> => {
      for (const hash of hashes) if ((await count(0, hash)) !== wanted) return false;
      return true;
    };
    await until(() => all(3), 5);

    trackers[2]!.kill();
    const killedAtMs = performance.now();
    await until(() => all(2), 10);
    const seconds = (performance.now() - killedAtMs) / 1000;
    console.log(`whole ${seconds.toFixed(1)} s after a node was killed (bar: 3)`);
    expect(seconds).toBeLessThan(3);

    await trackers[2]!.stop();
    trackers[2] = await node('node');
    await whole(3);
    await until(() => all(2), 5);
    const third = await client(2);
    for (const hash of hashes) {
      third.send(announce(hash, 'third', { offers: [] }));
      await third.takeReply();
    }
    await until(() => all(3), 5);
  }, 60_000);

  it('go on by themselves while the nats-server is away or hangs, and are whole within 2 s after it is back', async () => {
    const [here, there] = [await client(0), await client(1)];
    const hashes = Array.from({ length: 12 }, (_, index) => `away ${index}`);
    for (const end of ['killed', 'frozen'] as const) {
      if (end === 'killed') await nats.kill();
      else nats.freeze();
      await until(async () => (await nodesSeen(trackers[0]!)) === 1, 10);
      await until(async () => (await nodesSeen(trackers[1]!)) === 1, 10);
      for (const hash of hashes)
        for (const [name, each] of [['here', here] as const, ['there', there] as const]) {
          each.send(announce(hash, name, { offers: [] }));
          expect(await each.takeReply()).toMatchObject({ incomplete: 1 });
        }
      // Two clients of one tracker meet all the while.
      const neighbour = await client(0);
      neighbour.send(announce(hashes[0]!, 'neighbour'));
      expect(await here.takeOffer()).toMatchObject({ peer_id: id('neighbour') });
      neighbour.close();
      if (end === 'killed') await nats.run();
      else nats.thaw();
      const backAtMs = performance.now();
      await until(async () => {
        for (const hash of hashes) if ((await count(2, hash)) !== 2) return false;
        return true;
      }, 15);
      const seconds = (performance.now() - backAtMs) / 1000;
      console.log(`whole ${seconds.toFixed(1)} s after the nats-server was ${end} (bar: 2)`);
      expect(seconds).toBeLessThan(4);
      for (const hash of hashes)
        for (const [name, each] of [['here', here] as const, ['there', there] as const]) {
          each.send(announce(hash, name, { event: 'stopped' }));
          await each.takeReply();
        }
    }
  }, 90_000);
});
