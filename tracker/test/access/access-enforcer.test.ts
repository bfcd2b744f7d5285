import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessEnforcer, closeSwarms } from '../../src/access/access-enforcer.ts';
import { IpPeerTable } from '../../src/swarm/ip-peer-table.ts';
import { packEndpoint } from '../../src/swarm/endpoint.ts';
import { HandClient } from '../support/hand-client.ts';
import { id, offer, plenty, TestLink, TestTracker } from '../support/links.ts';
import { startTracker } from '../support/tracker.ts';

const REASON = 'This info_hash is not served here';

describe('closeSwarms()', () => {
  const denied = (infoHash: string): string | undefined => (infoHash === id('bad') ? REASON : undefined);

  it('takes everybody out, tells each connection as a new announce would be told, and leaves other swarms alone', () => {
    const tracker = new TestTracker();
    const { swarms } = tracker;
    const ipPeers = new IpPeerTable(swarms, { peersMax: 10, peersPerAddressMax: 10 }, plenty());
    const [alice, bob] = [new TestLink(), new TestLink()];
    tracker.announce(alice, 'alice', { left: 0 }, 'bad');
    tracker.announce(bob, 'robert', { left: 5 }, 'bad');
    tracker.announce(bob, 'bob', { left: 5 }, 'good');
    for (const port of [1, 2]) {
      const identity = {
        infoHash: id('bad'),
        peerId: id('host'),
        endpoint: packEndpoint('192.0.2.7', port)!,
        addressKey: '192.0.2.7',
      };
      ipPeers.enter(identity, { isSeeder: false, hasCompleted: false }, 0);
    }
    expect(tracker.counts('bad')).toEqual([1, 3]);

    expect([...closeSwarms(swarms, ipPeers, denied)]).toHaveLength(6); // two swarms looked at, four places cleared
    const told = { action: 'announce', info_hash: id('bad'), 'failure reason': REASON };
    expect([alice.take(), bob.take()]).toEqual([[told], [told]]);
    expect([swarms.size, swarms.peers, ipPeers.size, alice.peers.length]).toEqual([1, 1, 0, 0]);
    expect(tracker.counts('good')).toEqual([0, 1]);
  });

  it('takes one peer out in each step', () => {
    const tracker = new TestTracker();
    const ipPeers = new IpPeerTable(tracker.swarms, { peersMax: 10, peersPerAddressMax: 10 }, plenty());
    const links = Array.from({ length: 50 }, () => new TestLink());
    for (const [number, link] of links.entries()) tracker.announce(link, `peer ${number}`, {}, 'bad');
    let before = 50;
    const steps = closeSwarms(tracker.swarms, ipPeers, denied);
    while (steps.next().done !== true) {
      expect(before - tracker.swarms.peers).toBeLessThanOrEqual(1);
      before = tracker.swarms.peers;
    }
    expect(tracker.swarms.peers).toBe(0);
  });
});

describe('AccessEnforcer', () => {
  function* count(to: number, done: number[]): Generator<void, void> {
    for (let step = 0; step < to; step++) {
      done.push(step);
      yield;
    }
  }

  it('goes on over as many turns as it takes, with so many steps in each', () => {
    const turns: (() => void)[] = [];
    const closing = new AccessEnforcer((turn) => turns.push(turn));
    const done: number[] = [];
    closing.start(count(1_200, done));
    const after: number[] = [done.length];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      turn();
      after.push(done.length);
    }
    expect(after).toEqual([0, 500, 1_000, 1_200]);
  });

  it('leaves the work of older lists where it stands, and takes no turn twice', () => {
    const turns: (() => void)[] = [];
    const closing = new AccessEnforcer((turn) => turns.push(turn));
    const [old, young]: [number[], number[]] = [[], []];
    closing.start(count(10_000, old));
    turns.shift()!();
    closing.start(count(10, young));
    expect(turns).toHaveLength(1);
    turns.shift()!();
    expect([old.length, young.length, turns.length]).toEqual([500, 10, 0]);
    closing.start(count(1, young));
    expect(turns).toHaveLength(1);
  });
});

describe('a torrent that is put on the deny file while peers are in it', () => {
  it('is closed: they are told, and no answer passes between them any more', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deny-'));
    const denyFile = join(folder, 'deny');
    await writeFile(denyFile, '');
    const tracker = await startTracker({ TRACKER_DENY_FILE: denyFile });
    const clients = await Promise.all([1, 2, 3].map(() => HandClient.open(tracker.url)));
    try {
      const [alice, bob, carol] = clients as [HandClient, HandClient, HandClient];
      const say = (peer: string, more: object): object => ({
        ...{ action: 'announce', info_hash: id('bad'), peer_id: id(peer), ...more },
      });
      const answer = say('bob', { to_peer_id: id('alice'), offer_id: id('1'), answer: { sdp: 'v=0' } });
      for (const [client, peer] of [
        [alice, 'alice'],
        [bob, 'bob'],
      ] as const) {
        // prettier-ignore
        client.send(say(peer, {}));
        await client.takeReply();
      }
      alice.send(say('alice', { offers: [offer('1'), offer('2')] }));
      await alice.takeReply();
      await bob.takeOffer();
      bob.send(answer);
      await alice.takeAnswer();
      alice.send(say('alice', { offers: [offer('3')] })); // one that waits for its answer
      await alice.takeReply();

      const topic = 'b'.repeat(64);
      carol.socket.send('c'.repeat(64)); // Graffiti's handshake
      for (const action of ['subscribe', 'announce'])
        carol.send({ messageID: 'd'.repeat(64), action, info_hashes: [topic] });
      await carol.take('the announce', ({ action }) => action === 'announce');

      await writeFile(denyFile, `${Buffer.from(id('bad')).toString('hex')}\n${topic}\n`);
      await carol.take('its end', (push) => push['action'] === 'unannounce' && push['info_hash'] === topic);
      for (const client of [alice, bob])
        expect(await client.takeReply()).toMatchObject({
          'failure reason': expect.stringContaining('deny list'),
        });
      bob.send(answer);
      bob.send({ action: 'scrape', info_hash: id('bad') });
      await bob.take('the scrape', ({ action }) => action === 'scrape');
      alice.send({ action: 'scrape', info_hash: id('bad') });
      await alice.take('the scrape', ({ action }) => action === 'scrape');
      expect(alice.received).toEqual([]);
    } finally {
      for (const client of clients) client.close();
      await tracker.stop();
      await rm(folder, { recursive: true });
    }
  });
});
