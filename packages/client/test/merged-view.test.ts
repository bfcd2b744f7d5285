// What a subscriber of several relays is told: each peer's coming and going once, whatever the order, and nothing is lost on the way.
import fc from 'fast-check';
import { EventQueue } from '../src/event-queue.ts';
import { MergedView } from '../src/merged-view.ts';

describe('MergedView', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'remove', 'drop'),
    source: fc.constantFrom('a#1', 'b#1', 'c#1'),
    peer: fc.constantFrom('p', 'q', 'r'),
  });

  it('tells of a coming and a going exactly where the first or the last relay says so', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const view = new MergedView();
        const said = new Set<string>(); // the plain truth: "source peer"
        const told = new Set<string>(); // what a subscriber believes who follows what it is told
        for (const { kind, source, peer } of steps) {
          if (kind === 'add') {
            said.add(`${source} ${peer}`);
            if (view.add(source, peer)) {
              expect(told).not.toContain(peer);
              told.add(peer);
            }
          } else {
            const gone = kind === 'drop' ? view.drop(source) : view.remove(source, peer) ? [peer] : [];
            for (const one of [...said]) {
              const [from, who] = one.split(' ');
              if (from === source && (kind === 'drop' || who === peer)) said.delete(one);
            }
            for (const one of gone) expect(told.delete(one)).toBe(true);
          }
          const there = [...new Set([...said].map((one) => one.split(' ')[1]!))].sort();
          expect([...told].sort()).toEqual(there);
          expect(view.peers.sort()).toEqual(there);
        }
      }),
    );
  });
});

describe('EventQueue', () => {
  it('loses nothing and keeps the order, however pushes and reads fall', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 50 }), async (isPush) => {
        const queue = new EventQueue<number>();
        const reads: Promise<IteratorResult<number, undefined>>[] = [];
        let pushed = 0;
        for (const push of isPush) {
          if (push) queue.push(pushed++);
          else reads.push(queue.next());
        }
        queue.end();
        const read = (await Promise.all(reads)).flatMap(({ value }) => (value === undefined ? [] : [value]));
        for await (const value of queue) read.push(value);
        expect(read).toEqual(Array.from({ length: pushed }, (_, i) => i));
      }),
    );
  });

  it('ends for whoever breaks out, and tells who fills it', async () => {
    let ended = 0;
    const queue = new EventQueue<number>(() => ended++);
    queue.push(1);
    queue.push(2);
    for await (const value of queue) {
      expect(value).toBe(1);
      break;
    }
    queue.push(3);
    queue.end();
    expect(await queue.next()).toEqual({ value: undefined, done: true });
    expect(ended).toBe(1);
  });
});
