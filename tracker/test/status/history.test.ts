import { History } from '../../src/status/history.ts';

const sample = (peers: number) => ({ peers, swarms: 1, signalingClients: 2, allocations: 3 });

describe('History', () => {
  it('tells its samples from the oldest to the newest', () => {
    const history = new History();
    for (const peers of [1, 2, 3]) history.add(sample(peers), [], peers * 1000);
    expect(history.answer()).toMatchObject({
      endsAtMs: 3000,
      peers: [1, 2, 3],
      swarms: [1, 1, 1],
      signalingClients: [2, 2, 2],
      allocations: [3, 3, 3],
    });
  });

  it('keeps an hour, however long it runs', () => {
    const history = new History();
    for (let peers = 0; peers < 1000; peers++) history.add(sample(peers), [{ id: 'a', load: 0.5 }], peers);
    const { peers, relays, periodSeconds, relayPeriodSeconds } = history.answer();
    expect([peers.length * periodSeconds, peers.at(-1)]).toEqual([3600, 999]);
    expect(relays['a']!.length * relayPeriodSeconds).toBe(3600);
  });

  it('shows when a relay was not listed, and forgets one that has not been for an hour', () => {
    const history = new History();
    const add = (times: number, ...ids: string[]): void => {
      for (let i = 0; i < times; i++)
        history.add(
          sample(0),
          ids.map((id) => ({ id, load: 0.25 })),
          0,
        );
    };
    add(4, 'a');
    add(4, 'a', 'b');
    add(4, 'a');
    expect(history.answer().relays).toEqual({ a: [25, 25, 25], b: [-1, 25, -1] });
    add(240, 'a');
    expect(Object.keys(history.answer().relays)).toEqual(['a']);
  });

  it('holds a bounded number of relays', () => {
    const history = new History();
    for (let i = 0; i < 4000; i++) history.add(sample(0), [{ id: String(i), load: 1 }], 0);
    expect(Object.keys(history.answer().relays).length).toBeLessThanOrEqual(128);
  });
});
