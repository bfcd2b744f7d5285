// /stats.json?info_hash=: the numbers of one torrent.
import { startTracker, type RunningTracker } from '../support/tracker.ts';

let tracker: RunningTracker;
afterEach(() => tracker.stop());
const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`http://127.0.0.1:${tracker.port}${path}`);
  return { status: response.status, body: await response.json() };
};
const announce = (infoHash: string, peer: number, left: number): Promise<Response> =>
  fetch(
    `http://127.0.0.1:${tracker.port}/announce?info_hash=${encodeURIComponent(infoHash)}&peer_id=${String(peer).padStart(20, 'p')}&port=${6_000 + peer}&left=${left}`,
  );
const hex = (text: string): string => Buffer.from(text).toString('hex');

it('tells how many are in one torrent', async () => {
  tracker = await startTracker();
  const [one, other] = ['one'.padEnd(20, '~'), 'other'.padEnd(20, '~')];
  await announce(one, 1, 0);
  await announce(one, 2, 5);
  await announce(one, 3, 5);
  await announce(other, 4, 5);
  const { body } = await ask(`/stats.json?info_hash=${hex(one)}`);
  expect(body).toEqual({ complete: 1, incomplete: 2, downloaded: 0 });
  expect((await ask(`/stats.json?info_hash=${hex(other).toUpperCase()}`)).body).toMatchObject({
    incomplete: 1,
  });
  expect((await ask(`/stats.json?info_hash=${'0'.repeat(40)}`)).body).toEqual({
    ...{ complete: 0, incomplete: 0, downloaded: 0 },
  });
});

it('says what it wants where it is no info hash', async () => {
  tracker = await startTracker();
  const { status, body } = await ask('/stats.json?info_hash=abc');
  expect(status).toBe(400);
  expect(body).toMatchObject({ message: 'Cannot read info_hash: wanted 40 hexadecimal digits' });
});

it('tells nothing where the operator shows no numbers', async () => {
  tracker = await startTracker({ TRACKER_STATS: 'false' });
  expect((await ask(`/stats.json?info_hash=${'0'.repeat(40)}`)).status).toBe(404);
});
