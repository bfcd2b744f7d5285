import { TimerScope } from '../../src/peer-engine/timer-scope.ts';

const turn = (milliseconds = 20): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('TimerScope', () => {
  it('stops a timer that sets itself again for ever', async () => {
    const timers = new TimerScope(() => true);
    let ticks = 0;
    const again = (): void => {
      ticks++;
      setTimeout(again, 1);
    };
    timers.hold(again);
    await turn();
    expect(ticks).toBeGreaterThan(1);
    timers.stop();
    const atStop = ticks;
    await turn();
    expect(ticks).toBe(atStop);
  });

  it('leaves out the timers that are not wanted', async () => {
    const timers = new TimerScope((delayMs) => delayMs !== 1);
    let ticks = 0;
    timers.hold(() => setTimeout(() => ticks++, 1));
    await turn();
    expect(ticks).toBe(0);
  });

  it('gives setTimeout back, also when the code throws', () => {
    const timers = new TimerScope(() => true);
    const before = globalThis.setTimeout;
    expect(() =>
      timers.hold(() => {
        throw new Error('from inside');
      }),
    ).toThrow('from inside');
    expect(globalThis.setTimeout).toBe(before);
  });

  it('leaves the timers of others alone', async () => {
    const timers = new TimerScope(() => true);
    let rang = false;
    setTimeout(() => (rang = true), 1);
    timers.hold(() => undefined);
    timers.stop();
    await turn();
    expect(rang).toBe(true);
  });
});
