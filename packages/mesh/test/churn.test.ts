// A room whose members come and go while others talk.
import { runChurn } from '../src/simulator/churn.ts';

const scenario = { members: 16, perMinute: 2, seconds: 30, bytes: 1_024, seed: 3 };

it('loses nothing for those who stay, though half of the room is replaced in half a minute', () => {
  const outcome = runChurn(scenario);
  expect(outcome.replaced).toBeGreaterThanOrEqual(8);
  expect(outcome.delivered).toBe(1);
  expect(outcome.copies).toBeLessThan(2);
});

it('loses some of it without repair, as along the original’s tree', () => {
  expect(runChurn({ ...scenario, engine: { isRepairing: false } }).delivered).toBeLessThan(1);
});
