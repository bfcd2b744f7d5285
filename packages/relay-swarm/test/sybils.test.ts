// Keys are free: many relays of one attacker's, at the door, in the table, in what is told on.
import { encodeRelayMessage, type SignedDescriptor } from '@relay-swarm/protocol';
import { createIdentity, verifySignature } from '../src/proof/identity.ts';
import { Attacker, describeRelay, reportHealth } from './attacker.ts';
import { Simulation, type SimulatedRelay } from './simulation.ts';

let simulation: Simulation;
let victim: SimulatedRelay;
beforeEach(async () => {
  simulation = new Simulation();
  for (let i = 0; i < 4; i++) simulation.add(`r${i}`, ['https://r0.example']);
  await simulation.runUntil(() => simulation.isComplete, 30);
  victim = simulation.relays[0]!;
});

/** An attacker's relay that is proven at its URL and in the victim's roster. */
async function enter(
  name: string,
  address: string,
  describe = (self: Attacker['self'], url: string): SignedDescriptor => describeRelay(self, { url }),
): Promise<Attacker> {
  const url = `wss://${name}.example`;
  const attacker = new Attacker(simulation).answerAt(url, { address, only: victim });
  simulation.fetches.set(`https://${name}.example`, () => Promise.resolve(describe(attacker.self, url)));
  victim.node.addCandidate(`https://${name}.example`, 'bootstrap');
  await simulation.run(2_500);
  attacker.send(encodeRelayMessage({ action: 'status', health: reportHealth(attacker.self, 1) }));
  return attacker;
}
const isFrame = (action: string) => (text: string) => text.startsWith(`{"action":"${action}"`);

describe('at the door', () => {
  it('half-open sessions without end do not take a relay off the rosters of others', async () => {
    let attempts = 0;
    const hold = (): void => {
      for (;;) {
        const address = `6.${(attempts >> 8) & 255}.${attempts++ & 255}.6`;
        if (!victim.node.admits(address)) break;
        simulation.openSilent(victim.node.accepted, address);
      }
    };
    for (let i = 0; i < 1_900 * 2; i++) {
      hold();
      await simulation.run(500);
    }
    hold();
    expect(victim.node.admits('7.7.7.7')).toBe(false);
    expect(simulation.isComplete).toBe(true);
  }, 60_000);

  it('one address begins so many sessions, however soon they end', async () => {
    let begun = 0;
    for (let i = 0; i < 100; i++) {
      if (!victim.node.admits('6.6.6.6')) continue;
      begun++;
      simulation.openSilent(victim.node.accepted, '6.6.6.6').closed(1006);
    }
    expect(begun).toBe(16);
    await simulation.run(2_000);
    expect(victim.node.admits('6.6.6.6')).toBe(true);
  });

  it('addresses of one network have few sessions, though each has its own', async () => {
    let open = 0;
    for (let i = 0; i < 100; i++) {
      const address = `2a00:6:6:${i.toString(16)}::6`;
      if (!victim.node.admits(address)) continue;
      open++;
      await new Attacker(simulation).dial(victim, address);
    }
    expect(open).toBe(32);
    expect(victim.node.admits('2a00:6:7::6')).toBe(true);
  });

  it('is no place to count every number that a stranger may close with', () => {
    for (let code = 3_000; code < 5_000; code++)
      simulation.openSilent(victim.node.accepted, '6.6.6.6').closed(code);
    expect(victim.node.counters.closes.size).toBeLessThan(20);
  });
});

describe('in the table', () => {
  it('addresses of one network get few places in the roster', async () => {
    for (let i = 0; i < 20; i++) await enter(`m${i}`, `6.6.6.${i}`);
    expect(victim.node.save()).toHaveLength(3 + 16);
    await enter('elsewhere', '6.6.7.6');
    expect(victim.node.save()).toHaveLength(3 + 16 + 1);
  });

  it('an address has its places but once, also after a restart', async () => {
    for (let i = 0; i < 5; i++) await enter(`m${i}`, '6.6.6.6');
    const remembered = victim.node.save();
    expect(remembered).toHaveLength(3 + 4);
    victim = simulation.add('again');
    victim.node.restore(remembered);
    for (let i = 5; i < 8; i++) await enter(`m${i}`, '6.6.6.6');
    expect(victim.node.save()).toHaveLength(4 + 4);
  });

  it('inventions told by many keys keep no real newcomer out', async () => {
    let invented = 0;
    const invent = (count: number): SignedDescriptor[] =>
      Array.from({ length: count }, () => {
        const url = `wss://m${invented++}.example`;
        // it costs a dial all its time
        simulation.strangers.set(`${url}/relay`, (opened) => void simulation.openSilent(opened, '6.6.6.6'));
        return describeRelay(createIdentity(), { url });
      });
    const tell = async (count: number, address: string): Promise<void> => {
      const teller = await new Attacker(simulation).dial(victim, address);
      for (let i = 0; i < count; i += 16)
        teller.send(encodeRelayMessage({ action: 'known', descriptors: invent(16) }));
    };
    for (let i = 0; i < 5; i++) await tell(256, `6.6.6.${i}`);
    expect(victim.node.relays).toBe(1_000);
    simulation.add('late', [victim.url.replace('wss', 'https')]);
    for (let i = 0; i < 15; i++) {
      await tell(16, `6.6.${7 + i}.6`);
      await simulation.run(1_000);
    }
    expect(simulation.roster(victim)).toContain('late');
  });

  it('a relay that was proven once, and answers no more, keeps no session', async () => {
    const attacker = await enter('mallory', '6.6.6.6');
    simulation.strangers.clear();
    await simulation.run(1_200_000);
    expect(attacker.closedWith).toBeUndefined();
    await simulation.run(1_200_000);
    expect(attacker.closedWith).toBe(4003);
  });
});

describe('in what is told on', () => {
  it('a thousand forged descriptors cost a few hundred signatures', async () => {
    let checks = 0;
    const counting = simulation.add('counting', ['https://r0.example'], {
      verify: (...what) => (checks++, verifySignature(...what)),
    });
    await simulation.runUntil(() => simulation.isComplete, 30);
    const attacker = await new Attacker(simulation).dial(counting);
    checks = 0;
    for (let i = 0; i < 60; i++) {
      const forged = Array.from({ length: 16 }, (_, j) => ({
        ...describeRelay(attacker.self, { url: `wss://m${i}-${j}.example` }),
        id: (i * 16 + j).toString(16).padStart(64, 'a'),
      }));
      attacker.send(encodeRelayMessage({ action: 'known', descriptors: forged }));
    }
    expect(attacker.closedWith).toBeUndefined();
    expect(checks).toBeLessThan(300);
  });

  it('one that comes and goes is news only now and then', async () => {
    const witness = await enter('witness', '5.5.5.5');
    const mallory = await enter('mallory', '6.6.6.6');
    await simulation.run(2_000);
    witness.received.splice(0);
    for (let sequence = 2; sequence < 42; sequence++) {
      const state = sequence % 2 === 0 ? 'draining' : 'ok';
      mallory.send(
        encodeRelayMessage({ action: 'status', health: reportHealth(mallory.self, sequence, state) }),
      );
      await simulation.run(1_500);
    }
    expect(mallory.closedWith).toBeUndefined();
    expect(witness.received.filter(isFrame('known')).length).toBeLessThanOrEqual(3);
  });

  it('is never more in one frame than others take, in bytes', async () => {
    const long = (self: Attacker['self'], url: string): SignedDescriptor => {
      const describe = (chars: number): SignedDescriptor => {
        const services = Object.fromEntries(
          Array.from({ length: 16 }, (_, i) => {
            const length = Math.min(230, Math.max(0, chars - i * 230));
            return [`s${i.toString(16)}`, `https://a.example/${'x'.repeat(length)}`];
          }),
        );
        return describeRelay(self, { url, services, software: '\u20ac'.repeat(64) });
      };
      // 15 of them fill a frame to the last characters, were characters what is counted
      return describe(4_361 - JSON.stringify(describe(0)).length);
    };
    const relays: Attacker[] = [];
    for (let i = 0; i < 16; i++) relays.push(await enter(`m${i}`, `6.6.${i}.6`, long));
    const witness = await enter('witness', '5.5.5.5');
    witness.received.splice(0);
    for (const { self, send } of relays)
      send(encodeRelayMessage({ action: 'status', health: reportHealth(self, 2) }));
    const known = simulation.relays.map(({ node }) => node.descriptor.id.slice(0, 16));
    witness.send(encodeRelayMessage({ action: 'ask', known }));
    const frames = witness.received.filter(isFrame('known'));
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(65_536);
  });
});
