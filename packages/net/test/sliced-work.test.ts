import { SlicedWork } from '../src/sliced-work.ts';

/** A loop and a clock of its own: each step takes a millisecond. */
function start(sliceMs: number) {
  let nowMs = 0;
  const turns: (() => void)[] = [];
  const errors: unknown[] = [];
  const done: string[] = [];
  const work = new SlicedWork({
    nowMs: () => nowMs,
    nextTurn: (turn) => turns.push(turn),
    sliceMs,
    failed: (error) => errors.push(error),
  });
  function* job(name: string, steps: number): Generator<void, void> {
    for (let step = 0; step < steps; step++) {
      nowMs++;
      yield;
    }
    done.push(name);
  }
  /** How long each turn took. */
  const run = (): number[] => {
    const took: number[] = [];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      const beganMs = nowMs;
      turn();
      took.push(nowMs - beganMs);
    }
    return took;
  };
  return { work, job, run, done, errors };
}

describe('SlicedWork', () => {
  it('does a small job at once', () => {
    const { work, job, done } = start(50);
    work.start(job('small', 10));
    expect([done, work.jobs]).toEqual([['small'], 0]);
  });

  it('holds no turn for longer than a slice and a few steps', () => {
    const { work, job, run, done } = start(50);
    work.start(job('large', 1_000));
    const took = run();
    expect(done).toEqual(['large']);
    expect(took.length).toBeGreaterThan(10);
    expect(Math.max(...took)).toBeLessThan(50 + 16);
  });

  it('lets a small job pass a large one', () => {
    const { work, job, run, done } = start(50);
    work.start(job('large', 10_000));
    work.start(job('small', 40));
    run();
    expect(done).toEqual(['small', 'large']);
  });

  it('goes on with the others where one throws', () => {
    const { work, job, run, done, errors } = start(50);
    work.start(
      (function* () {
        for (let step = 0; step < 20; step++) yield;
        throw new Error('a bug');
      })(),
    );
    work.start(job('other', 100));
    run();
    expect(errors.map(String)).toEqual(['Error: a bug']);
    expect([done, work.jobs]).toEqual([['other'], 0]);
  });
});
