// A whole room in virtual time: engines as they run in browsers, and only the network made up.
import { createDice } from '../src/simulator/dice.ts';
import { VirtualRoom } from '../src/simulator/room.ts';

const seeds = [1, 2];
const long = 'x'.repeat(2_000);

function formed(count: number, seed: number, model = {}): VirtualRoom {
  const room = new VirtualRoom(createDice(seed), {}, model);
  room.join(count);
  const isFormed = (): boolean =>
    room.isWhole() && room.members.every(({ engine }) => engine.links.size >= Math.min(4, count - 1));
  expect(room.runUntil(isFormed, 10_000)).toBe(true);
  room.network.run(2_000);
  return room;
}

const receivers = (room: VirtualRoom): number => new Set(room.deliveries.map(({ to }) => to)).size;

describe.each(seeds)('a room (seed %i)', (seed) => {
  it('forms within seconds, with nobody past the maximum', () => {
    const room = formed(40, seed);
    expect(Math.max(...room.members.map(({ engine }) => engine.links.size))).toBeLessThanOrEqual(10);
    room.broadcast(room.members[0]!, long);
    room.network.run(2_000);
    expect(room.deliveries).toHaveLength(39);
  });

  it('loses nothing where frames get lost on the way', () => {
    const room = formed(20, seed, { loss: 0.05 });
    for (let i = 0; i < 20; i++) room.broadcast(room.members[i]!, `${i} ${long}`);
    room.network.run(5_000);
    expect(room.deliveries).toHaveLength(20 * 19);
  });

  it('reaches everybody left when a tenth has just vanished, and forgets those who did', () => {
    const room = formed(30, seed);
    for (const member of room.members.slice(-3)) room.kill(member);
    room.broadcast(room.members[0]!, long);
    room.network.run(5_000);
    expect(room.deliveries).toHaveLength(26);
    const isForgotten = (): boolean => room.members.every(({ engine }) => engine.view.size === 27);
    expect(room.runUntil(isForgotten, 40_000)).toBe(true);
    expect(room.isWhole()).toBe(true);
    expect(room.members.every(({ engine }) => engine.links.size >= 4)).toBe(true);
  });

  it('goes on without its server, mends itself, and lets newcomers in once it is back', () => {
    const room = formed(16, seed);
    room.stopServer();
    for (let i = 0; i < 30; i++) {
      room.broadcast(room.members[i % 16]!, `${i}`);
      room.network.run(1_000);
    }
    expect(room.deliveries).toHaveLength(30 * 15);
    expect(room.isWhole()).toBe(true);
    const [late] = room.join();
    room.network.run(2_000);
    expect(late!.engine.links.size).toBe(0);
    room.startServer();
    expect(room.runUntil(() => room.isWhole(), 10_000)).toBe(true);
  });

  it('falls back on the server where the network has split it, and heals', () => {
    const room = formed(20, seed);
    const half = new Set(room.members.slice(0, 8).map(({ id }) => id));
    room.network.groupOf = (id) => half.has(id);
    const isSplit = (): boolean =>
      room.members.every((member) => room.reachedBy(member) === (half.has(member.id) ? 8 : 12));
    expect(room.runUntil(isSplit, 40_000)).toBe(true);
    room.broadcast(room.members[0]!, long);
    room.network.run(2_000);
    expect(receivers(room)).toBe(19);
    expect(room.fallbackBytes).toBeGreaterThan(0);
    expect(room.fallbackBytes).toBeLessThan(3 * 2_500); // two members of the other half, not all of it
    room.network.groupOf = undefined;
    expect(room.runUntil(() => room.isWhole(), 40_000)).toBe(true);
  });

  it('brings what was said in the moment of the split to the other part once it has healed', () => {
    const room = formed(20, seed);
    const half = new Set(room.members.slice(0, 8).map(({ id }) => id));
    room.network.groupOf = (id) => half.has(id);
    room.broadcast(room.members[0]!, long); // nobody has noticed yet, so nothing goes through the server
    room.network.run(15_000);
    expect(receivers(room)).toBe(7);
    room.network.groupOf = undefined;
    expect(room.runUntil(() => receivers(room) === 19, 40_000)).toBe(true);
    const [newcomer] = room.join();
    expect(room.runUntil(() => room.isWhole(), 40_000)).toBe(true);
    room.network.run(5_000);
    expect(room.deliveries.filter(({ to }) => to === newcomer!.id)).toEqual([]); // that was before its time
  });
});

describe('parts of a room whose members all have their links', () => {
  it('are joined by the lowest id of each, which dials the others', () => {
    const room = new VirtualRoom(createDice(11));
    room.join(24);
    const halves = [room.members.slice(0, 12), room.members.slice(12)].map((half) =>
      half.map(({ id }) => id),
    );
    room.network.groupOf = (id) => halves[0]!.includes(id);
    const lowest = halves.map((half) => [...half].sort()[0]!);
    // The two that bridge are busy with that
    const others = room.members.filter(({ id }) => !lowest.includes(id));
    const haveLinks = (): boolean => others.every(({ engine }) => engine.links.size >= 6);
    expect(room.runUntil(haveLinks, 120_000)).toBe(true);
    room.network.run(10_000); // no dial is under way any more that another reason has begun

    const dialled: { by: string; isBridge: boolean }[] = [];
    const { act } = room.network.surroundings;
    room.network.surroundings = {
      act: (member, action) => {
        if (action.type === 'dial') dialled.push({ by: member.id, isBridge: action.isBridge });
        act(member, action);
      },
    };
    room.network.groupOf = undefined;
    expect(room.runUntil(() => room.isWhole(), 10_000)).toBe(true);
    const bridges = dialled.filter(({ isBridge }) => isBridge).map(({ by }) => by);
    expect(bridges.length).toBeGreaterThan(0);
    expect(lowest).toEqual(expect.arrayContaining([...new Set(bridges)]));
  });
});

describe('statuses', () => {
  const heard = (room: VirtualRoom): number =>
    room.members.reduce((sum, { engine }) => sum + engine.stats.statuses, 0);

  it('come from the server where everybody has one, and hardly ever over the mesh too', () => {
    const room = formed(20, 8);
    const before = heard(room);
    room.network.run(60_000);
    // Each has told its own twice more; those that new neighbours exchange are what is left
    expect(heard(room) - before).toBeLessThan(500);
  });

  it('reach a member that has lost its server over its neighbours, and its own reach all', () => {
    const room = formed(20, 9);
    const [lonely, other] = [room.members[0]!, room.members[19]!];
    room.cutFromServer(lonely);
    room.network.run(12_000);
    room.leave(other);
    room.network.run(5_000);
    const edges = ({ engine }: { engine: { view: { graph: { targets: Uint32Array } } } }): number =>
      engine.view.graph.targets.length;
    expect(lonely.engine.view.size).toBe(19);
    const present = room.members.filter((member) => member !== other);
    expect(room.runUntil(() => new Set(present.map(edges)).size === 1, 20_000)).toBe(true);
  });
});

describe('a member', () => {
  it('that leaves is gone at once, and holds nothing any more', () => {
    const room = formed(12, 4);
    const [, member] = room.members;
    room.broadcast(member!, long);
    room.leave(member!);
    room.network.run(1_000);
    expect(room.members[0]!.engine.view.has(member!.id)).toBe(false);
    expect(Object.values(member!.engine.held).every((count) => count === 0)).toBe(true);
    expect(room.deliveries).toHaveLength(11); // what it said before still arrived
  });

  it('hears its own messages never, and others’ once', () => {
    const room = formed(12, 5);
    for (let i = 0; i < 10; i++) room.broadcast(room.members[0]!, `${i} ${long}`);
    room.network.run(3_000);
    const heard = room.deliveries.map(({ to, text }) => `${to} ${text}`);
    expect(heard).toHaveLength(110);
    expect(new Set(heard).size).toBe(110);
    expect(heard.some((one) => one.startsWith(room.members[0]!.id))).toBe(false);
  });

  it('gives messages in their order where that was asked for', () => {
    const room = formed(20, 6, { jitterMs: 60, loss: 0.1 });
    for (let i = 0; i < 30; i++) {
      room.broadcast(room.members[0]!, `${i}${i % 3 === 0 ? long : ''}`, true);
      room.network.run(10);
    }
    room.network.run(10_000);
    for (const { id } of room.members.slice(1)) {
      const got = room.deliveries.filter(({ to }) => to === id).map(({ text }) => Number.parseInt(text, 10));
      expect(got).toEqual([...Array(30).keys()]);
    }
  });

  it('sends a long message in parts', () => {
    const room = formed(12, 7);
    room.broadcast(room.members[0]!, 'y'.repeat(300_000));
    room.network.run(30_000);
    expect(room.deliveries.map(({ text }) => text.length)).toEqual(Array(11).fill(300_000));
  });
});
