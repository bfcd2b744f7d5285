import { shortOf } from '@relay-swarm/protocol/mesh-packet';
import fc from 'fast-check';
import { buildGraph } from '../src/engine/graph.ts';
import { shortestPathTree } from '../src/engine/trees.ts';
import { View } from '../src/engine/view.ts';
import { viewOf } from '../src/room-view.ts';
import { createDice, randomId, shuffle } from '../src/simulator/dice.ts';

const ids = Array.from({ length: 12 }, (_, i) => randomId(createDice(i + 1)));
const limits = { membersMax: 8, forgetMs: 30_000 };

const status = fc.record({
  who: fc.nat({ max: ids.length - 1 }),
  epoch: fc.integer({ min: 1, max: 3 }),
  seq: fc.nat({ max: 5 }),
  links: fc.array(
    fc.record({ peer: fc.nat({ max: ids.length - 1 }), rttMs: fc.integer({ min: 1, max: 500 }) }),
  ),
});

interface Report {
  readonly who: number;
  readonly epoch: number;
  readonly seq: number;
  readonly links: readonly { peer: number; rttMs: number }[];
}

function take(view: View, one: Report, isLeaving = false): unknown {
  const links = one.links.map(({ peer, rttMs }) => ({ peer: shortOf(ids[peer]!), rttMs }));
  const frame = new Uint8Array([1]);
  return view.take(ids[one.who]!, { epoch: one.epoch, seq: one.seq, links, isLeaving, frame }, 0);
}

describe('the adjacency matrix', () => {
  it('has an edge where both ends report it, once, whatever they report', () => {
    fc.assert(
      fc.property(fc.array(status), (reports) => {
        const members = ids.map((id, who) => ({
          id,
          links: reports
            .filter((report) => report.who === who)
            .flatMap(({ links }) => links.map(({ peer, rttMs }) => ({ peer: shortOf(ids[peer]!), rttMs }))),
        }));
        const graph = buildGraph(members);
        const reported = (a: number, b: number): boolean =>
          a !== b && members[a]!.links.some(({ peer }) => peer === shortOf(ids[b]!));
        ids.forEach((_, a) => {
          const neighbours = [...graph.targets.slice(graph.starts[a], graph.starts[a + 1])].sort(
            (x, y) => x - y,
          );
          const expected = ids.map((_, b) => b).filter((b) => reported(a, b) && reported(b, a));
          expect(neighbours).toEqual(expected);
        });
      }),
    );
  });

  it('never grows past the room, however many members are claimed', () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 60 }), (reports) => {
        const view = new View(ids[0], limits);
        for (const report of reports) take(view, report);
        const { graph, size } = view;
        expect(size).toBeLessThanOrEqual(limits.membersMax);
        expect(graph.starts).toHaveLength(size + 1);
        expect(graph.starts.at(-1)).toBe(graph.targets.length);
        expect([...graph.targets].every((target) => target < size)).toBe(true);
      }),
    );
  });

  it('drawn as a square has a place for each pair of members, the same from both sides, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 60 }), (reports) => {
        const view = new View(ids[0], limits);
        for (const report of reports) take(view, report);
        const self = view.graph.index.get(ids[0]!);
        const tree = self === undefined ? new Int32Array() : shortestPathTree(view.graph, self);
        const drawn = viewOf({ view, tree }, ids[0]!);
        const { members, edges } = drawn;
        const square = drawn.matrix();
        expect(square).toHaveLength(members.length ** 2);
        const at = (a: number, b: number): number => square[a * members.length + b]!;
        members.forEach((_, a) => {
          members.forEach((__, b) => {
            const edge = edges.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a));
            expect(at(a, b)).toBe(edge?.rttMs ?? 0);
          });
        });
      }),
    );
  });

  it('counts our own links at once, and nobody’s claim to be linked to us', () => {
    const members = [
      { id: ids[0]!, links: [{ peer: shortOf(ids[1]!), rttMs: 5 }] },
      { id: ids[1]!, links: [] },
      { id: ids[2]!, links: [{ peer: shortOf(ids[0]!), rttMs: 5 }] },
    ];
    expect([...buildGraph(members, ids[0]).targets]).toEqual([1, 0]);
    expect([...buildGraph(members).targets]).toEqual([]);
  });
});

describe('views', () => {
  it('converge, in whatever order statuses arrive, and however often', () => {
    fc.assert(
      fc.property(fc.array(status, { maxLength: 30 }), fc.nat(), (reports, seed) => {
        // The same member never says two things under one number
        const unique = [
          ...new Map(reports.map((one) => [`${one.who}.${one.epoch}.${one.seq}`, one])).values(),
        ];
        const roomy = { ...limits, membersMax: 100 };
        const [one, other] = [new View(undefined, roomy), new View(undefined, roomy)];
        for (const report of unique) take(one, report);
        for (const report of shuffle([...unique, ...unique], createDice(seed))) take(other, report);
        expect(edgesOf(other)).toEqual(edgesOf(one));
        expect(other.digest().sort(byMember)).toEqual(one.digest().sort(byMember));
      }),
    );
  });

  it('do not bring back a member that left, with what it said before', () => {
    const view = new View(ids[0], limits);
    const before = { who: 1, epoch: 1, seq: 1, links: [] };
    expect(take(view, before)).toBe('joined');
    expect(take(view, { ...before, seq: 3 }, true)).toBe('left');
    expect(take(view, { ...before, seq: 2 })).toBeUndefined();
    expect(view.size).toBe(1);
    expect(take(view, { ...before, epoch: 2, seq: 0 })).toBe('joined'); // it came back
  });

  it('keep a member that one server misses as long as another vouches for it', () => {
    const view = new View(ids[0], limits);
    view.present('a', ids[1]!, 0);
    view.present('b', ids[1]!, 0);
    view.absent('a', ids[1]!, 0);
    expect(view.sweep(60_000)).toEqual([]);
    view.serverLost('b');
    expect(view.sweep(80_000)).toEqual([]);
    expect(view.sweep(91_000)).toEqual([ids[1]]);
  });
});

const byMember = (a: { member: string }, b: { member: string }): number => (a.member < b.member ? -1 : 1);

function edgesOf({ graph }: View): string[] {
  return graph.ids
    .flatMap((id, i) =>
      [...graph.targets.slice(graph.starts[i], graph.starts[i + 1])].map((j) => `${id} ${graph.ids[j]!}`),
    )
    .sort();
}
