import { Flusher, type Flushable } from '../src/flusher.ts';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class One implements Flushable {
  flushed = 0;
  readonly failures: unknown[] = [];
  readonly #act: () => void;
  constructor(act: () => void = () => undefined) {
    this.#act = act;
  }
  flush(): void {
    this.flushed++;
    this.#act();
  }
  fail(error: unknown): void {
    this.failures.push(error);
  }
}

describe('Flusher', () => {
  it('flushes at the end of the turn, and who comes meanwhile in the next', async () => {
    const ends: boolean[] = [];
    const flusher = new Flusher((hasMore) => ends.push(hasMore));
    const late = new One();
    const early = new One(() => flusher.add(late));
    flusher.add(early);
    expect(early.flushed).toBe(0);
    await turnOfTheLoop();
    expect([early.flushed, late.flushed, ends]).toEqual([1, 0, [true]]);
    await turnOfTheLoop();
    expect([early.flushed, late.flushed, ends]).toEqual([1, 1, [true, false]]);
  });

  it('flushes at once where it is told to, and again at the end of the turn who came later', async () => {
    const flusher = new Flusher();
    const one = new One();
    flusher.add(one);
    flusher.flush();
    expect(one.flushed).toBe(1);
    flusher.add(one);
    await turnOfTheLoop();
    await turnOfTheLoop();
    expect(one.flushed).toBe(2);
  });

  it('lets one that fails stop nobody else, in this turn or the next', async () => {
    const flusher = new Flusher();
    const fault = new Error('a bug');
    const all = [new One(), new One(() => { throw fault; }), new One()]; // prettier-ignore
    for (let turn = 1; turn <= 2; turn++) {
      for (const one of all) flusher.add(one);
      await turnOfTheLoop();
      expect(all.map(({ flushed }) => flushed)).toEqual([turn, turn, turn]);
    }
    expect(all.map(({ failures }) => failures)).toEqual([[], [fault, fault], []]);
  });
});
