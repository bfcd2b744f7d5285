import { decodeHistory, NOT_LISTED, type HistoryAnswer } from '../src/history.ts';

const answer: HistoryAnswer = {
  periodSeconds: 15,
  endsAtMs: 1_800_000_000_000,
  peers: [1, 2, 3],
  swarms: [1, 1, 2],
  signalingClients: [0, 0, 4],
  allocations: [0, 5, 0],
  relayPeriodSeconds: 60,
  relays: { a: [25], constructor: [NOT_LISTED] },
};

describe('decodeHistory()', () => {
  it('reads what the tracker answers', () => {
    const { periodSeconds, endsAtMs, peers, swarms, signalingClients, allocations, relays } = answer;
    expect(decodeHistory(JSON.stringify(answer))).toEqual({
      ...{ periodSeconds, endsAtMs, peers, swarms, signalingClients, allocations },
      relays: new Map(Object.entries(relays)),
    });
  });

  it('takes what is no number for 0', () => {
    const text = JSON.stringify({ ...answer, peers: [1, null, 'x'], endsAtMs: 'now' });
    expect(decodeHistory(text)).toMatchObject({ peers: [1, 0, 0], endsAtMs: 0 });
  });

  it.each([
    ['no JSON', 'an error page'],
    ['a row that is missing', JSON.stringify({ ...answer, swarms: undefined })],
    ['a row that is none', JSON.stringify({ ...answer, allocations: 7 })],
    ['a row that is too long', JSON.stringify({ ...answer, peers: Array.from({ length: 1_001 }, () => 1) })],
    ['a relay with no row', JSON.stringify({ ...answer, relays: { a: 25 } })],
  ])('refuses %s', (_case, text) => {
    expect(() => decodeHistory(text)).toThrow(/JSON|Cannot read a row of numbers/);
  });
});
