// PeerJS and the mesh on several nodes and a carrier with faults: whatever happened, once it is quiet each id and each place in a room is one
// open connection's, and what is said arrives, once. The same for the rules of a cluster alone: packages/cluster/test.
// CLUSTER_RUNS is how many schedules are tried, CLUSTER_SEED the seed that a failure has named.
import * as fc from 'fast-check';
import type { Client } from './support/clients.ts';
import { QUEUED_PER_PEER_MAX, ROOMS, World, type Step } from './support/world.ts';

const { CLUSTER_RUNS = '150', CLUSTER_SEED } = process.env;
const runs = {
  numRuns: Number(CLUSTER_RUNS),
  ...(CLUSTER_SEED === undefined ? {} : { seed: Number(CLUSTER_SEED) }),
};

const node = fc.nat(9);
const who = fc.nat(11);
const wait: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('wait'),
  ms: fc.constantFrom(250, 1_000, 2_500),
});
const faults: [number, fc.Arbitrary<Step>][] = [
  [3, fc.record({ do: fc.constantFrom('kill', 'freeze', 'thaw', 'drain'), node })],
  [3, fc.record({ do: fc.constantFrom('add', 'heal', 'down', 'up') })],
  [3, fc.record({ do: fc.constantFrom('cut', 'lose', 'lose'), at: fc.nat(4) })],
  [6, wait],
];

/** What clients do, and what fails meanwhile. */
function schedules(...steps: [number, fc.Arbitrary<Step>][]): fc.Arbitrary<Step[]> {
  const all = [...steps, ...faults].map(([weight, arbitrary]) => ({ weight, arbitrary }));
  return fc.array(fc.oneof(...all), { minLength: 10, maxLength: 40 });
}

const callers = schedules(
  [6, fc.record({ do: fc.constant('connect'), node, who, kind: fc.nat(2) })],
  [8, fc.record({ do: fc.constantFrom('say', 'say', 'say', 'disconnect'), pick: fc.nat(50), who })],
);
const members = schedules(
  [7, fc.record({ do: fc.constant('join'), node, who, kind: fc.nat(2) })],
  [5, fc.record({ do: fc.constantFrom('leave', 'close'), pick: fc.nat(50), who })],
);

const timesHeard = ({ clients }: World, payload: string): number =>
  clients.reduce((sum, client) => sum + client.times('OFFER', payload), 0);

/** Each id is one open client's, who has been told so once; each message has had its answer, and nobody has heard one twice. */
async function expectCallers(world: World): Promise<void> {
  expect(await world.ids()).toEqual(world.peers.map(({ id }) => id).sort());
  for (const { client } of world.peers) expect(client.times('OPEN')).toBe(1);
  const inQuiet = world.peers.flatMap((from) =>
    world.peers.map(({ id, client }) => ({ client, said: world.say(from, id) })),
  );
  await world.wait(1_000);
  for (const { client, said } of inQuiet) {
    expect(said.delivery).toBe('delivered');
    expect(client.times('OFFER', said.payload)).toBe(1);
  }
  for (const { from, payload, delivery } of world.said) {
    if (world.nodes.includes(from.node)) expect(delivery).toBeDefined();
    // Where its answer was lost with its receiver, whoever has the id next hears it too: that is another client.
    for (const client of world.clients) expect(client.times('OFFER', payload)).toBeLessThanOrEqual(1);
  }
}

/** Each room is at one node, which has those whose connection is open and who have not left; each knows the others, and hears a signal once. */
async function expectMembers(world: World): Promise<void> {
  for (const ended of world.allSeats.filter(({ visitor }) => visitor.hasEnded)) {
    const { id, room, sinceMs } = ended;
    const later = world.allSeats.filter(
      (one) => one.id === id && one.room === room && one.sinceMs >= sinceMs,
    );
    expect(later.length).toBeGreaterThan(1); // itself, and the one that has taken its place
  }
  for (const room of ROOMS) {
    const there = world.seats.filter((seat) => seat.room === room && !seat.hasLeft);
    const ids = there.map(({ id }) => id).sort();
    const sizes = world.nodes.map(({ rooms }) => rooms.sizeOf(room)).filter((size) => size > 0);
    expect(sizes).toEqual(there.length === 0 ? [] : [there.length]);
    for (const { id, visitor } of there) expect(visitor.others).toEqual(ids.filter((one) => one !== id));
    const from = there[0];
    for (const to of there) {
      const data = Buffer.from(to.id).toString('base64');
      from!.node.desk.take(from!.visitor, { action: 'signal', to: to.id, data }, world.clock.nowMs);
      await world.wait(250);
      expect(to.visitor.heard.filter(({ action }) => action === 'signal').map((one) => one.data)).toEqual([
        data,
      ]);
    }
  }
}

describe('PeerJS on several nodes, once it is quiet', () => {
  it('gives each id to one open client, and passes each message on once, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(callers, async (steps) => expectCallers(await World.of(steps))),
      runs,
    );
  }, 120_000);

  it.each<[string, Step[]]>([
    [
      'the first word that a client has its id was lost',
      [
        { do: 'down' },
        { do: 'wait', ms: 1_000 },
        { do: 'up' },
        { do: 'connect', node: 0, who: 2, kind: 1 },
        { do: 'connect', node: 0, who: 0, kind: 1 },
      ],
    ],
    [
      'the owner of its id was away, and came back',
      [{ do: 'connect', node: 0, who: 5, kind: 1 }, { do: 'down' }, { do: 'wait', ms: 2_500 }],
    ],
    [
      'a question was lost',
      [
        { do: 'connect', node: 0, who: 3, kind: 1 },
        { do: 'connect', node: 1, who: 0, kind: 1 },
        { do: 'lose', at: 0 },
        { do: 'say', pick: 0, who: 0 },
      ],
    ],
    [
      'an answer was lost',
      [
        { do: 'connect', node: 0, who: 3, kind: 1 },
        { do: 'connect', node: 1, who: 0, kind: 1 },
        { do: 'lose', at: 1 },
        { do: 'say', pick: 0, who: 0 },
      ],
    ],
    [
      'an answer was lost, and then its owner',
      [
        { do: 'connect', node: 0, who: 3, kind: 1 },
        { do: 'connect', node: 1, who: 0, kind: 1 },
        { do: 'lose', at: 1 },
        { do: 'say', pick: 0, who: 0 },
        { do: 'down' },
        { do: 'wait', ms: 2_500 },
      ],
    ],
  ])('gives each id to one open client, and loses nothing, where %s', async (_, steps) => {
    const world = await World.of(steps);
    for (const { payload } of world.said) expect(timesHeard(world, payload)).toBe(1);
    await expectCallers(world);
  });
});

describe('a message that waits on the wrong side of a cut', () => {
  /** Two sides that each keep messages for fay, who is not there; then they are one again. `waiting`: what ann's side has for her. */
  const healed = async (waiting: number): Promise<{ world: World; ben: Client }> => {
    const world = await World.of([]);
    const owner = world.nodes.findIndex(({ clusters }) => clusters[0]!.ownerOf('fay') === clusters[0]!.node);
    const other = world.nodes[(owner + 1) % 3]!;
    world.connect(world.nodes[owner]!, 'ann', 'token of ann');
    world.connect(other, 'ben', 'token of ben');
    await world.settle();
    const alone = owner + 1;
    for (const engine of world.engines) engine.sideOf = (name) => Number(parseInt(name, 16) === alone);
    await world.wait(2_500);
    const [ann, ben] = world.peers;
    for (let count = 0; count < waiting; count++) world.say(ann!, 'fay');
    world.say(ben!, 'fay');
    await world.wait(500);
    for (const { delivery } of world.said) expect(delivery).toBe('queued');
    for (const engine of world.engines) engine.sideOf = undefined;
    await world.wait(2_000);
    return { world, ben: ben!.client };
  };

  it('waits at the owner', async () => {
    const { world, ben } = await healed(QUEUED_PER_PEER_MAX - 1);
    world.connect(world.nodes[0]!, 'fay', 'token of fay');
    await world.wait(1_000);
    for (const { payload } of world.said) expect(timesHeard(world, payload)).toBe(1);
    expect(ben.times('EXPIRE')).toBe(0);
  });

  it('is known to be lost by its sender where the owner has no room for it', async () => {
    const { ben } = await healed(QUEUED_PER_PEER_MAX);
    expect(ben.times('EXPIRE')).toBe(1);
  });
});

describe('mesh rooms on several nodes, once it is quiet', () => {
  it('hold who is connected, at one owner, and pass signals on once, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(members, async (steps) => expectMembers(await World.of(steps))),
      runs,
    );
  }, 120_000);

  it('tell a member who is there though the first list was lost', async () => {
    const world = await World.of([
      { do: 'join', node: 1, who: 0, kind: 0 },
      { do: 'lose', at: 1 },
      { do: 'join', node: 0, who: 1, kind: 0 },
    ]);
    await expectMembers(world);
  });
});
