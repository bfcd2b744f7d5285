// The reporter that ends a run which something keeps open.
import { jest } from '@jest/globals';
import EndOfRun from '../support/end-of-run.mjs';

type Results = Parameters<EndOfRun['onRunComplete']>[1];

describe('end-of-run', () => {
  const exit = jest.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const told = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    jest.clearAllMocks();
  });
  afterAll(() => {
    exit.mockRestore();
    told.mockRestore();
  });

  const complete = (watching: { watch: boolean; watchAll: boolean }, success = true): void => {
    const results = { success, numRuntimeErrorTestSuites: 0 } as Results;
    new EndOfRun(watching).onRunComplete(new Set(), results);
    jest.advanceTimersByTime(60_000);
  };

  it.each([
    [true, 0],
    [false, 1],
  ])('ends it, says why, and tells whether it was good: %s', (success, code) => {
    complete({ watch: false, watchAll: false }, success);
    expect(exit.mock.calls).toEqual([[code]]);
    expect(told.mock.calls.join()).toMatch(/kept the run from ending/);
  });

  it.each(['watch', 'watchAll'])(
    'leaves jest alone with --%s, which goes on until it is told to stop',
    (option) => {
      complete({ watch: false, watchAll: false, [option]: true });
      expect([exit.mock.calls, told.mock.calls]).toEqual([[], []]);
    },
  );
});
