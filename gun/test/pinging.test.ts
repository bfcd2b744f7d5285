import { jest } from '@jest/globals';
import { startPinging } from '../src/pinging.ts';

const PERIOD_MS = 27_000;

describe('startPinging()', () => {
  let timer: NodeJS.Timeout;
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    clearInterval(timer);
    jest.useRealTimers();
  });

  const start = () => {
    const wire = {
      pingsUnanswered: 0,
      isResting: false,
      said: [] as string[],
      ping: () => void wire.said.push('ping'),
      terminate: () => void wire.said.push('terminate'),
    };
    timer = startPinging(wire, PERIOD_MS);
    return wire;
  };

  it('pings once in each period, as long as something comes in between', () => {
    const wire = start();
    jest.advanceTimersByTime(PERIOD_MS - 1);
    expect(wire.said).toEqual([]);
    for (let period = 0; period < 3; period++) {
      jest.advanceTimersByTime(PERIOD_MS);
      wire.pingsUnanswered = 0;
    }
    expect(wire.said).toEqual(['ping', 'ping', 'ping']);
  });

  it('ends what has not answered by the next one', () => {
    const wire = start();
    jest.advanceTimersByTime(2 * PERIOD_MS);
    expect(wire.said).toEqual(['ping', 'terminate']);
  });

  it('goes on pinging what rests, whose answers are not read, and ends it only when it is read again', () => {
    const wire = start();
    wire.isResting = true;
    jest.advanceTimersByTime(3 * PERIOD_MS);
    wire.isResting = false;
    jest.advanceTimersByTime(PERIOD_MS);
    expect(wire.said).toEqual(['ping', 'ping', 'ping', 'terminate']);
  });
});
