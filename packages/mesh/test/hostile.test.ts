// Members that do not keep to the rules: what they can do to the others, and what not.
import {
  packetSigningBytes,
  readLinkFrame,
  writeLinkFrame,
  writePacket,
  type Packet,
} from '@relay-swarm/protocol/mesh-packet';
import { ByteWriter } from '@relay-swarm/protocol/mesh-bytes';
import { tagOf, writeBranch } from '@relay-swarm/protocol/mesh-route';
import fc from 'fast-check';
import { Engine } from '../src/engine/engine.ts';
import type { EngineAction, EngineEvent } from '../src/engine/events.ts';
import { createDice, randomId } from '../src/simulator/dice.ts';
import { VirtualRoom } from '../src/simulator/room.ts';

const room = 'ab'.repeat(32);
const [self, ...peers] = Array.from({ length: 12 }, (_, i) => randomId(createDice(i + 100)));
const SIGNED = 7;

/** A member with links to all peers. A signature is good where its first byte says so. */
function member(options = {}) {
  const engine = new Engine({ id: self!, room, epoch: 1 }, options, { random: createDice(1) });
  let nowMs = 0;
  const tell = (event: EngineEvent): EngineAction[] => {
    const all: EngineAction[] = [];
    const queue = [...engine.handle(event, nowMs)];
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      all.push(action);
      if (action.type === 'verify') {
        const isGood = action.signature[0] === SIGNED;
        queue.push(...engine.handle({ type: 'verified', token: action.token, isGood }, nowMs));
      }
      if (action.type === 'sign') {
        const signature = new Uint8Array(64).fill(SIGNED);
        queue.push(...engine.handle({ type: 'signed', token: action.token, signature }, nowMs));
      }
    }
    return all;
  };
  for (const peer of peers) tell({ type: 'link-open', peer });
  return {
    engine,
    tell,
    pass: (ms: number): EngineAction[] => {
      nowMs += ms;
      return tell({ type: 'wake' });
    },
    hear: (
      peer: string,
      packet: Packet,
      more: { route?: Uint8Array; isGood?: boolean; hops?: number } = {},
    ) =>
      tell({
        type: 'frame',
        peer,
        bytes: writeLinkFrame({
          type: 'packet',
          hops: more.hops ?? 0,
          isRepair: false,
          route: more.route ?? new Uint8Array(),
          packet: writePacket(packet),
          signature: new Uint8Array(64).fill(more.isGood === false ? 0 : SIGNED),
        }),
      }),
  };
}

const packet = (more: Partial<Packet> = {}): Packet => ({
  kind: 'tree',
  source: peers[0]!,
  epoch: 1,
  seq: 1,
  chunk: 0,
  chunks: 1,
  order: 0,
  payload: new Uint8Array(600),
  ...more,
});

/** A route that can be read: all of these are children of whoever reads it. */
function routeTo(children: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  children.forEach((id, i) => writeBranch(writer, tagOf(id), 19, false, i + 1 < children.length));
  return writer.finish();
}

const sentPackets = (actions: readonly EngineAction[]) =>
  actions.filter((action) => action.type === 'transmit' && readLinkFrame(action.bytes).type === 'packet');
const delivered = (actions: readonly EngineAction[]) => actions.filter(({ type }) => type === 'deliver');

describe('no packet circulates', () => {
  it('whatever routes, kinds and senders: each is delivered once, and goes over each link once', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            peer: fc.constantFrom(...peers),
            seq: fc.integer({ min: 1, max: 4 }),
            route: fc.oneof(
              fc.uint8Array({ maxLength: 30 }),
              fc.array(fc.constantFrom(...peers)).map(routeTo),
            ),
            hops: fc.nat({ max: 255 }),
          }),
          { maxLength: 40 },
        ),
        (heard) => {
          const { hear } = member();
          const over = new Map<string, number>();
          let deliveries = 0;
          for (const { peer, seq, route, hops } of heard) {
            const kind = (['tree', 'flood'] as const)[seq % 2]!;
            const actions = hear(peer, packet({ seq, kind }), { route, hops });
            deliveries += delivered(actions).length;
            for (const action of sentPackets(actions)) {
              if (action.type !== 'transmit') continue;
              const frame = readLinkFrame(action.bytes);
              if (frame.type !== 'packet') continue;
              const key = `${seq} ${action.peer} ${frame.packet.join()}`;
              over.set(key, (over.get(key) ?? 0) + 1);
            }
          }
          expect(Math.max(0, ...over.values())).toBeLessThanOrEqual(1);
          expect(deliveries).toBeLessThanOrEqual(new Set(heard.map(({ seq }) => seq)).size);
        },
      ),
    );
  });

  it('not even one whose route leads in a circle between members that pass it on', () => {
    const virtual = new VirtualRoom(createDice(3));
    virtual.join(12);
    virtual.runUntil(() => virtual.isWhole(), 10_000);
    virtual.network.run(3_000);
    const [source] = virtual.members;
    const payload = packet({ source: source!.id, seq: 5_000 });
    const bytes = writePacket(payload);
    // Signed as the network's members sign
    let signature: Uint8Array = new Uint8Array(64);
    virtual.network.surroundings = { act: () => undefined };
    const original = virtual.network.tell.bind(virtual.network);
    virtual.network.tell = (to, event) => {
      if (event.type === 'signed') signature = event.signature;
      original(to, event);
    };
    virtual.broadcast(source!, 'x'.repeat(600));
    virtual.network.run(3_000);
    const before = virtual.members.reduce((sum, { sentFrames }) => sum + sentFrames, 0);
    // All tags, again and again, as deep as may be: whoever reads it passes it to whomever it can
    const route = new Uint8Array(60).fill(0b11);
    for (const { id, engine } of virtual.members) {
      const peer = [...engine.links.keys()][0]!;
      const frame = writeLinkFrame({
        type: 'packet',
        hops: 0,
        isRepair: true,
        route,
        packet: bytes,
        signature,
      });
      virtual.network.tell(virtual.network.members.get(id)!, { type: 'frame', peer, bytes: frame });
    }
    virtual.network.run(3_000);
    const after = virtual.members.reduce((sum, { sentFrames }) => sum + sentFrames, 0);
    expect(after - before).toBeLessThan(12 * 10 * 3);
  });

  it('further than its hops', () => {
    const { hear } = member();
    expect(sentPackets(hear(peers[1]!, packet({ kind: 'flood' }), { hops: 63 })).length).toBeGreaterThan(0);
    expect(sentPackets(hear(peers[1]!, packet({ kind: 'flood', seq: 2 }), { hops: 64 }))).toEqual([]);
  });
});

describe('a forger', () => {
  it('gets nothing delivered or passed on, and does not keep the true packet out', () => {
    const { hear, engine } = member();
    const forged = hear(peers[1]!, packet(), { isGood: false });
    expect([...delivered(forged), ...sentPackets(forged)]).toEqual([]);
    expect(engine.stats.forged).toBe(1);
    expect(delivered(hear(peers[2]!, packet()))).toHaveLength(1);
  });

  it('does not spend the budget of the member whose name it uses', () => {
    const { hear } = member({ sourcePacketsPerSecond: 2 });
    for (let seq = 1; seq < 100; seq++) hear(peers[1]!, packet({ seq: 1_000 + seq }), { isGood: false });
    expect(delivered(hear(peers[2]!, packet()))).toHaveLength(1);
  });

  it('loses its link', () => {
    const { hear, tell, pass, engine } = member();
    tell({ type: 'start' });
    for (let seq = 1; seq < 30; seq++) hear(peers[1]!, packet({ seq }), { isGood: false });
    pass(1_000);
    expect(engine.links.has(peers[1]!)).toBe(false);
    expect(engine.links.size).toBe(peers.length - 1);
  });

  it('signs for one room only: the room is part of what is signed', () => {
    expect(packetSigningBytes('01'.repeat(32), new Uint8Array(3))).not.toEqual(
      packetSigningBytes('02'.repeat(32), new Uint8Array(3)),
    );
  });

  it('cannot play a packet again, not even an old one', () => {
    const { hear } = member();
    for (let seq = 1; seq <= 1_500; seq++) hear(peers[seq % 11]!, packet({ seq }));
    expect(delivered(hear(peers[3]!, packet({ seq: 1 })))).toEqual([]);
    expect(delivered(hear(peers[3]!, packet({ seq: 9, epoch: 0 })))).toEqual([]);
  });
});

describe('huge and broken input', () => {
  it('a route that names more than the room can hold goes nowhere, and its packet is delivered', () => {
    const { hear } = member();
    const route = routeTo(Array.from({ length: 3_000 }, (_, i) => peers[i % peers.length]!));
    const actions = hear(peers[0]!, packet(), { route });
    expect(delivered(actions)).toHaveLength(1);
    expect(sentPackets(actions)).toEqual([]);
  });

  it('bytes of any kind are read or counted as faults, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { tell } = member();
        expect(delivered(tell({ type: 'frame', peer: peers[0]!, bytes }))).toEqual([]);
        expect(delivered(tell({ type: 'fallback', bytes }))).toEqual([]);
        expect(delivered(tell({ type: 'status', bytes }))).toEqual([]);
      }),
    );
  });

  it('a source that floods is cut to its budget', () => {
    const { hear, engine } = member({ sourcePacketsPerSecond: 10 });
    let count = 0;
    for (let seq = 1; seq <= 500; seq++) count += delivered(hear(peers[0]!, packet({ seq }))).length;
    expect(count).toBe(40);
    expect(engine.stats.overBudget).toBe(460);
    expect(delivered(hear(peers[0]!, packet({ source: peers[1]! })))).toHaveLength(1); // others are not disturbed
  });

  it('announcements of what does not exist are asked for a few times and forgotten', () => {
    const { tell, pass, engine } = member();
    for (let frame = 0; frame < 3; frame++) {
      const packets = Array.from({ length: 4_000 }, (_, i) => ({
        source: 'cd'.repeat(8),
        epoch: 1,
        seq: 4_000 * frame + i,
        chunk: 0,
        bytes: 1_000,
      }));
      tell({ type: 'frame', peer: peers[0]!, bytes: writeLinkFrame({ type: 'have', packets }) });
    }
    expect(engine.held['missing']).toBeLessThanOrEqual(8_192);
    for (let i = 0; i < 30; i++) pass(4_000);
    expect(engine.held['missing']).toBe(0);
  });
});

it('whatever it was sent, a member that has left holds nothing any more', () => {
  const heard = fc.record({
    peer: fc.constantFrom(...peers),
    seq: fc.integer({ min: 1, max: 40 }),
    chunks: fc.integer({ min: 1, max: 3 }),
    order: fc.nat({ max: 5 }),
    isGood: fc.boolean(),
  });
  const announced = fc.record({ peer: fc.constantFrom(...peers), missing: fc.integer({ min: 1, max: 50 }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(heard, announced), { maxLength: 30 }), (all) => {
      const { engine, hear, tell, pass } = member();
      tell({ type: 'start' });
      for (const one of all) {
        if ('missing' in one) {
          const packets = [{ source: 'cd'.repeat(8), epoch: 1, seq: one.missing, chunk: 0, bytes: 900 }];
          tell({ type: 'frame', peer: one.peer, bytes: writeLinkFrame({ type: 'have', packets }) });
        } else {
          const { peer, seq, chunks, order, isGood } = one;
          hear(peer, packet({ seq, chunks, order, payload: new Uint8Array(900) }), { isGood });
        }
      }
      tell({ type: 'broadcast', payload: new Uint8Array(900), isOrdered: true });
      pass(1_000);
      tell({ type: 'leave' });
      expect(Object.values(engine.held).filter((count) => count > 0)).toEqual([]);
      expect(tell({ type: 'wake' })).toEqual([]);
    }),
  );
});

it('a member that never passes anything on costs the others nothing but time', () => {
  const virtual = new VirtualRoom(createDice(8));
  virtual.join(30);
  virtual.runUntil(() => virtual.isWhole(), 10_000);
  virtual.network.run(3_000);
  const lazy = new Set(virtual.members.slice(0, 5).map(({ id }) => id));
  const tell = virtual.network.tell.bind(virtual.network);
  // It reads everything, keeps its links and answers pings; packets of others it swallows
  virtual.network.tell = (to, event) => {
    if (lazy.has(to.id) && event.type === 'verified') return;
    tell(to, event);
  };
  const source = virtual.members[10]!;
  for (let i = 0; i < 5; i++) virtual.broadcast(source, `${i} ${'x'.repeat(900)}`);
  virtual.network.run(10_000);
  const reached = virtual.deliveries.filter(({ to }) => !lazy.has(to));
  expect(reached).toHaveLength(5 * 24);
});
