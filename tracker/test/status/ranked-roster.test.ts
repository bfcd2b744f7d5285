// GET /relays.json?key=…&k=…, over a real socket.
import { decodeRoster } from '@relay-swarm/protocol';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

let tracker: RunningTracker | undefined;
afterEach(() => tracker?.stop());

describe('/relays.json?key=', () => {
  it('answers the ranking with the total, and a clear 400 where it cannot', async () => {
    tracker = await startTracker();
    const get = (query: string) => fetch(`http://127.0.0.1:${tracker!.port}/relays.json${query}`);
    const answer = await get(`?key=${'ab'.repeat(20)}&k=2`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const roster = decodeRoster(await answer.text());
    expect(roster).toMatchObject({ total: 1, relays: [{ id: roster.self }] });
    expect((await get('?key=ab')).status).toBe(200);
    for (const wrong of ['?key=AB', '?key=', '?key=xyz', '?key=ab&k=0', '?key=ab&k=17', '?key=ab&k=x']) {
      const refused = await get(wrong);
      expect([wrong, refused.status]).toEqual([wrong, 400]);
      expect((await refused.json()) as object).toHaveProperty('error');
    }
  });
});
