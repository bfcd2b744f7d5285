// Relays that lie, flood or fill: none gets into a roster, none stops the others, nothing grows without bound.
import { encodeRelayMessage, type SignedDescriptor, type SignedRelayHealth } from '@relay-swarm/protocol';
import { createIdentity } from '../src/proof/identity.ts';
import type { Wire, WireListener } from '../src/sessions/wire.ts';
import { Attacker, DAY_MS, describeRelay, reportHealth } from './attacker.ts';
import { Simulation, START_MS, type SimulatedRelay } from './simulation.ts';

describe('among attackers, a swarm of four', () => {
  let simulation: Simulation;
  let victim: SimulatedRelay;
  beforeEach(async () => {
    simulation = new Simulation();
    for (let i = 0; i < 4; i++) simulation.add(`r${i}`, ['https://r0.example']);
    await simulation.runUntil(() => simulation.isComplete, 30);
    victim = simulation.relays[0]!;
  });
  // whatever the test did, the others are in each other's rosters and nobody else is
  afterEach(async () => {
    await simulation.run(30_000);
    expect(simulation.isComplete).toBe(true);
    expect(victim.node.relays).toBeLessThanOrEqual(1_000);
    expect(victim.node.candidates).toBeLessThanOrEqual(1_000);
  });
  const hear = async (descriptor: SignedDescriptor): Promise<void> => {
    simulation.fetches.set('http://6.6.6.6:80', () => Promise.resolve(descriptor));
    victim.node.addCandidate('http://6.6.6.6:80', 'dht');
    await simulation.run(20_000);
  };

  const self = createIdentity();
  const good = describeRelay(self);
  it.each<[string, SignedDescriptor]>([
    ['a bad signature', { ...good, software: 'changed' }],
    ["another's signature", { ...good, signature: describeRelay(createIdentity()).signature }],
    [
      'an expired one',
      describeRelay(self, { issuedAt: START_MS - 2 * DAY_MS, expiresAt: START_MS - DAY_MS }),
    ],
    [
      'one of the future',
      describeRelay(self, { issuedAt: START_MS + DAY_MS, expiresAt: START_MS + 2 * DAY_MS }),
    ],
    ['one that never expires', describeRelay(self, { expiresAt: START_MS + 3650 * DAY_MS })],
    ['another swarm', describeRelay(self, { swarm: 'other' })],
    ['an unsafe URL', describeRelay(self, { url: 'ws://mallory.example' })],
    ["a mail server's port", describeRelay(self, { url: 'wss://mallory.example:25' })],
    ["an X server's port", describeRelay(self, { site: 'https://mallory.example:6000/' })],
    ['a web page over plain HTTP', describeRelay(self, { site: 'http://mallory.example/' })],
  ])('a descriptor with %s is refused, undialled', async (_what, descriptor) => {
    const dials = victim.node.counters.dials;
    await hear(descriptor);
    expect(victim.node.counters.descriptorsRefused).toBe(1);
    expect(victim.node.counters.dials).toBe(dials);
    expect(victim.node.relays).toBe(3);
  });

  it('would have been taken in with a good one', async () => {
    const attacker = new Attacker(simulation).answerAt('wss://mallory.example');
    await hear(describeRelay(attacker.self));
    expect(victim.node.counters.descriptorsRefused).toBe(0);
    expect(attacker.isProven).toBe(true);
  });

  it("a descriptor with someone else's URL is refused, whether that relay is known or not", async () => {
    await hear(describeRelay(self, { url: simulation.relays[1]!.url }));
    expect(victim.node.counters.descriptorsRefused).toBe(1);
    const stranger = new Attacker(simulation).answerAt('wss://honest.example');
    simulation.fetches.set('http://7.7.7.7:80', () =>
      Promise.resolve(describeRelay(self, { url: 'wss://honest.example' })),
    );
    victim.node.addCandidate('http://7.7.7.7:80', 'dht');
    await simulation.run(20_000);
    expect(stranger.received.length).toBeGreaterThan(0); // it was dialled, and answered under its own name
    expect(victim.node.relays).toBe(3);
  });

  it('a liar cannot take the URL of a relay that has not been dialled yet', async () => {
    const honest = new Attacker(simulation).answerAt('wss://honest.example');
    const claims = [honest.self, self, createIdentity()].map((who) =>
      describeRelay(who, { url: 'wss://honest.example' }),
    );
    for (const [i, claim] of claims.entries()) {
      simulation.fetches.set(`http://7.7.7.${i}:80`, () => Promise.resolve(claim));
      victim.node.addCandidate(`http://7.7.7.${i}:80`, 'bootstrap');
      await simulation.run(1);
    }
    await simulation.run(3_000);
    expect(victim.node.counters.descriptorsRefused).toBeGreaterThanOrEqual(1);
    expect(victim.node.save().some(({ descriptor }) => descriptor.id === honest.self.id)).toBe(true);
    simulation.strangers.clear();
  });

  it('a descriptor that nobody signed takes no URL from a relay that is away', async () => {
    const away = simulation.relays[1]!;
    simulation.kill(away);
    await simulation.run(40_000);
    await hear({ ...describeRelay(self, { url: away.url }), software: 'changed' });
    expect(victim.node.save().some(({ descriptor }) => descriptor.url === away.url)).toBe(true);
  });

  it('a relay that was away comes back to its URL, whoever claims it with a session of his own', async () => {
    const away = simulation.relays[1]!;
    simulation.freeze(away);
    await simulation.run(40_000);
    for (let i = 0; i < 16; i++) {
      const claimant = await new Attacker(simulation).dial(victim, `6.6.6.${i}`);
      const claim = describeRelay(claimant.self, { url: away.url });
      claimant.send(encodeRelayMessage({ action: 'descriptor', descriptor: claim }));
      await simulation.run(1_000);
    }
    away.isFrozen = false;
    expect(await simulation.runUntil(() => simulation.isComplete, 60)).toBeLessThan(30);
  });

  it('a newcomer gets its URL, though others claim it without end', async () => {
    const claim = async (): Promise<void> => {
      const { self, send } = await new Attacker(simulation).dial(victim);
      const descriptor = describeRelay(self, { url: 'wss://late.example' });
      send(encodeRelayMessage({ action: 'descriptor', descriptor }));
    };
    await claim();
    await simulation.run(5_000);
    const late = simulation.add('late', [victim.url.replace('wss', 'https')]);
    for (let i = 0; i < 60 && !simulation.isComplete; i++) {
      if (victim.node.admits('6.6.6.6')) await claim();
      await simulation.run(500);
    }
    expect(simulation.roster(victim)).toContain('late');
    expect(simulation.roster(late)).toHaveLength(5);
  });

  it('sessions that gave way to others leave nothing behind', async () => {
    const small = simulation.add('small', ['https://r0.example'], { sessionsMax: 6 });
    await simulation.runUntil(() => simulation.isComplete, 60);
    for (let i = 0; i < 20; i++) {
      const attacker = await new Attacker(simulation).dial(small, `6.6.6.${i}`);
      const descriptor = describeRelay(attacker.self, { url: `wss://m${i}.example` });
      attacker.send(encodeRelayMessage({ action: 'descriptor', descriptor }));
      await simulation.run(100);
    }
    expect(small.node.relays).toBeGreaterThan(4 + 6);
    await simulation.run(3_600_000);
    expect(small.node.relays).toBe(4);
  });

  it("a proof of one's own URL is none of somebody else's", async () => {
    // Mallory is dialled at a URL of hers, and moves to another's before she answers
    const helper = await new Attacker(simulation).dial(victim);
    const mallory: Attacker = new Attacker(simulation).answerAt('wss://mallory.example', {
      before: () => {
        const moved = describeRelay(mallory.self, {
          url: 'wss://popular.example',
          issuedAt: simulation.nowMs,
        });
        helper.send(encodeRelayMessage({ action: 'known', descriptors: [moved] }));
      },
    });
    simulation.fetches.set('http://6.6.6.6:80', () => Promise.resolve(describeRelay(mallory.self)));
    victim.node.addCandidate('http://6.6.6.6:80', 'dht');
    await simulation.runUntil(() => mallory.isProven, 20);
    await simulation.run(100);
    mallory.send(encodeRelayMessage({ action: 'status', health: reportHealth(mallory.self, 1) }));
    await simulation.run(100);
    expect(mallory.isProven).toBe(true);
    expect(simulation.roster(victim)).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(victim.node.save()).toHaveLength(3);
    simulation.strangers.clear();
  });

  it('an open session is not enough: the URL has to answer', async () => {
    const attacker = await new Attacker(simulation).dial(victim);
    expect(attacker.isProven).toBe(true);
    attacker.send(encodeRelayMessage({ action: 'descriptor', descriptor: describeRelay(attacker.self) }));
    attacker.send(encodeRelayMessage({ action: 'status', health: reportHealth(attacker.self, 1) }));
    await simulation.run(10_000);
    expect(simulation.roster(victim)).toEqual(['r0', 'r1', 'r2', 'r3']);
    await simulation.run(60_000);
    expect(attacker.closedWith).toBe(4003);
    expect(simulation.roster(victim)).toEqual(['r0', 'r1', 'r2', 'r3']);
  });

  it("cannot pass off another's descriptor as its own", async () => {
    const attacker = await new Attacker(simulation).dial(victim);
    attacker.send(
      encodeRelayMessage({ action: 'descriptor', descriptor: simulation.relays[1]!.node.descriptor }),
    );
    expect(attacker.closedWith).toBe(1008);
  });

  it('a flood of status ends the session; a lie about the sequence is no news', async () => {
    // The others hear of it at once and dial it too: it speaks to its victim.
    const attacker = new Attacker(simulation).answerAt('wss://mallory.example', { only: victim });
    simulation.fetches.set('http://6.6.6.6:80', () => Promise.resolve(describeRelay(attacker.self)));
    victim.node.addCandidate('http://6.6.6.6:80', 'dht');
    await simulation.run(5_000);
    const status = (health: SignedRelayHealth): void =>
      attacker.send(encodeRelayMessage({ action: 'status', health }));
    status({ ...reportHealth(attacker.self, 1), load: 0.5 }); // changed after it was signed
    status(reportHealth(attacker.self, 9_007_199_254_740_991));
    for (const sequence of [0, 5, 9_007_199_254_740_991]) status(reportHealth(attacker.self, sequence));
    status(simulation.relays[1]!.node.health); // another's
    expect(victim.node.counters.statusesRefused).toBe(5);
    for (let i = 0; i < 10_000; i++) status(reportHealth(attacker.self, 5));
    expect(attacker.closedWith).toBe(1008);
    expect(victim.node.counters.statusesRefused).toBeLessThan(100);
    simulation.strangers.clear();
  });

  it('ten thousand descriptors end the session, and keep no real newcomer out', async () => {
    const attacker = await new Attacker(simulation).dial(victim);
    const bogus = Array.from({ length: 1_200 }, (_, i) =>
      describeRelay(createIdentity(), { url: `wss://bogus-${i}.example` }),
    );
    for (let i = 0; i < 10_000; i += 16) {
      const from = i % 1_184;
      attacker.send(encodeRelayMessage({ action: 'known', descriptors: bogus.slice(from, from + 16) }));
    }
    expect(attacker.closedWith).toBe(1008);
    expect(victim.node.relays).toBeLessThanOrEqual(3 + 250);
    simulation.add('late', [victim.url.replace('wss', 'https')]);
    expect(await simulation.runUntil(() => simulation.roster(victim).includes('late'), 30)).toBeLessThan(15);
  });

  it('ten thousand bogus peers in the DHT keep no real newcomer out', async () => {
    for (let i = 0; i < 10_000; i++) victim.node.addCandidate(`http://5.5.${i >> 8}.${i & 255}:80`, 'dht');
    expect(victim.node.candidates).toBe(1_000);
    simulation.add('late', [victim.url.replace('wss', 'https')]);
    expect(await simulation.runUntil(() => simulation.roster(victim).includes('late'), 30)).toBeLessThan(15);
    await simulation.run(3_600_000);
    expect(victim.node.candidates).toBeLessThan(10); // given up
  });

  it('ten thousand ports of one host are four candidates', () => {
    for (let port = 1; port <= 10_000; port++) victim.node.addCandidate(`http://5.5.5.5:${port}`, 'dht');
    expect(victim.node.candidates).toBeLessThanOrEqual(4 + 1);
  });

  it('many relays at one address get few places, and few sessions', async () => {
    for (let i = 0; i < 20; i++) {
      const url = `wss://sybil-${i}.example`;
      const sybil = new Attacker(simulation).answerAt(url);
      simulation.fetches.set(`https://sybil-${i}.example`, () =>
        Promise.resolve(describeRelay(sybil.self, { url })),
      );
      victim.node.addCandidate(`https://sybil-${i}.example`, 'bootstrap');
    }
    await simulation.run(20_000);
    expect(victim.node.save()).toHaveLength(3 + 4);
    for (let i = 0; i < 20; i++)
      if (victim.node.admits('6.6.6.6')) await new Attacker(simulation).dial(victim);
    expect(victim.node.admits('6.6.6.6')).toBe(false);
    expect(victim.node.admits('6.6.6.7')).toBe(true);
    simulation.strangers.clear();
  });

  it('half-open sessions are few, and soon over', async () => {
    const ends: number[] = [];
    const wire = (): Wire => ({
      address: '6.6.6.6',
      send: () => undefined,
      ping: () => undefined,
      close: (code) => ends.push(code),
    });
    let open = 0;
    const listeners: WireListener[] = [];
    for (let i = 0; i < 1_000; i++) {
      if (!victim.node.admits(`6.6.${i >> 8}.${i & 255}`)) continue;
      open++;
      listeners.push(victim.node.accepted(wire()));
    }
    expect(open).toBe(64);
    await simulation.run(7_000);
    expect(ends).toHaveLength(64);
    for (const listener of listeners) listener.closed(1008);
    expect(victim.node.admits('6.6.6.6')).toBe(true);
  });
});
