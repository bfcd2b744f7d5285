// Whole relays on real sockets that have a few sessions each, and know all of the others.
import { isComplete, startRelay, stopRelays, type WholeRelay } from './whole-relay.ts';
import { until } from '../../../tracker/test/support/until.ts';

afterEach(stopRelays);

const SESSIONS_MAX = 3;

async function startSwarm(count: number): Promise<WholeRelay[]> {
  const relays: WholeRelay[] = [];
  for (let i = 0; i < count; i++) {
    const before = relays[Math.floor(i / 2)];
    const env = {
      RELAY_SESSIONS_MAX: String(SESSIONS_MAX),
      ...(before !== undefined && { RELAY_BOOTSTRAP: before.origin }),
    };
    relays.push(await startRelay({ env }));
  }
  return relays;
}

it('eight relays of three sessions at most know each other, notice who goes, and take it in again', async () => {
  const relays = await startSwarm(8);
  await until(() => isComplete(relays), 60);
  for (const relay of relays) {
    expect(await relay.metric('relay_sessions')).toBeLessThanOrEqual(SESSIONS_MAX);
    expect(await relay.metric('relay_members')).toBe(8);
  }
  // every one answers the same for a key
  const answers = relays.map(({ swarm }) =>
    swarm
      .roster({ key: 'ab12', k: 2 })
      .relays.map(({ id }) => id)
      .join(),
  );
  expect(new Set(answers).size).toBe(1);

  const [gone] = relays.splice(2, 1);
  await gone!.stop();
  await until(() => isComplete(relays), 60);
  relays.push(
    await startRelay({
      dir: gone!.dir,
      port: Number(new URL(gone!.url).port),
      env: { RELAY_SESSIONS_MAX: String(SESSIONS_MAX) },
    }),
  );
  await until(() => isComplete(relays), 60);
}, 200_000);
