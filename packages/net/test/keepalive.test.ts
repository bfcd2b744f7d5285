import { keepaliveStep, keepaliveStepByPings } from '../src/keepalive.ts';

describe('keepaliveStep()', () => {
  const PING_MS = 27_000;
  const IDLE_MS = 90_000;

  /** What a look in each second says of a connection, as seconds; it is heard at these. */
  function watch(seconds: number, heardAt: readonly number[] = [], restsAt: readonly number[] = []) {
    const steps: [second: number, step: string][] = [];
    let heardMs = 0;
    for (let nowMs = 1_000; nowMs <= seconds * 1_000; nowMs += 1_000) {
      if (heardAt.includes(nowMs / 1_000)) heardMs = nowMs;
      const silence = {
        periods: (nowMs - heardMs) / PING_MS,
        periodsBefore: (nowMs - 1_000 - heardMs) / PING_MS,
      };
      const step = keepaliveStep(restsAt.includes(nowMs / 1_000), silence, IDLE_MS / PING_MS);
      if (step !== 'wait') steps.push([nowMs / 1_000, step]);
      if (step === 'end') break;
    }
    return steps;
  }

  it('pings once in each period of silence, and ends what stays silent', () => {
    expect(watch(200)).toEqual([
      [27, 'ping'],
      [54, 'ping'],
      [81, 'ping'],
      [90, 'end'],
    ]);
  });

  it('counts from the last sign of life, so that who speaks is never pinged', () => {
    expect(watch(120, [20, 40, 60, 80, 100])).toEqual([]);
    expect(watch(80, [30])).toEqual([
      [27, 'ping'],
      [57, 'ping'],
    ]);
  });

  it('leaves alone what rests, for its answers are not read', () => {
    const resting = Array.from({ length: 30 }, (_, at) => at + 75);
    expect(watch(200, [], resting)).toEqual([
      [27, 'ping'],
      [54, 'ping'],
      [105, 'end'],
    ]);
  });

  it('says one ping for several periods that passed between two looks', () => {
    expect(keepaliveStep(false, { periods: 2.5, periodsBefore: 0.5 }, 3)).toBe('ping');
  });
});

describe('keepaliveStepByPings()', () => {
  /** Looks at a connection that answers the pings with these numbers. */
  function look(times: number, pingsMax: number, answers: readonly number[] = []): string[] {
    const steps: string[] = [];
    let [pings, unanswered] = [0, 0];
    for (let at = 0; at < times; at++) {
      const step = keepaliveStepByPings(false, unanswered, pingsMax);
      steps.push(step);
      if (step === 'end') break;
      unanswered = answers.includes(++pings) ? 0 : unanswered + 1;
    }
    return steps;
  }

  it('pings at each look, and ends what leaves that many pings unanswered', () => {
    expect(look(9, 1)).toEqual(['ping', 'end']);
    expect(look(9, 2)).toEqual(['ping', 'ping', 'end']);
    expect(look(5, 1, [1, 2, 3, 4])).toEqual(['ping', 'ping', 'ping', 'ping', 'ping']);
    expect(look(9, 2, [2])).toEqual(['ping', 'ping', 'ping', 'ping', 'end']);
  });

  it('leaves alone what rests, however many pings are unanswered', () => {
    expect(keepaliveStepByPings(true, 9, 1)).toBe('wait');
  });
});
