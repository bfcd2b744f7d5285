// Keys are free and addresses are not: five thousand relays of one network, inventions that vouch for each other, and relays that hide others.
import { placeOf } from '../src/membership/place-of.ts';
import { idOf, recordOf, TestMembership, vouchOf } from './membership-relay.ts';

const honest = (table: TestMembership, from: number, count: number): void => {
  for (let n = from; n < from + count; n++) table.addMember(n, `10.${n >> 8}.${n & 255}.1`);
};
const offered = (table: TestMembership, from: number, count: number): number =>
  Array.from({ length: count }, (_, i) => table.has(from + i)).filter(Boolean).length;
const SYBILS = 5_000;
const FIRST = 100_000;

describe('five thousand relays that all answer', () => {
  it.each([
    ['of one /24', (i: number) => `6.6.6.${i % 256}`],
    ['of one /48', (i: number) => `2a00:6:6:${(i & 0xffff).toString(16)}::1`],
  ])('%s have sixteen places', (_what, address) => {
    const table = new TestMembership(0, {}, (at, id) => placeOf(at, id, false));
    honest(table, 1, 100);
    for (let i = 0; i < SYBILS; i++) table.addMember(FIRST + i, address(i));
    expect(offered(table, FIRST, SYBILS)).toBe(16);
    expect(offered(table, 1, 100)).toBe(100);
  });

  it('of one /24 that vouch for each other make no others true', () => {
    const table = new TestMembership(0, {}, (at, id) => placeOf(at, id, false));
    honest(table, 1, 20);
    const sessions = Array.from({ length: 16 }, (_, i) => table.addSession(FIRST + i, `6.6.6.${i}`));
    const vouches = [0, 1, 2, 3].map((i) => vouchOf(FIRST + i, undefined, '7.7.7.7'));
    for (let i = 16; i < 200; i++) table.tell(sessions[i % 16]!, recordOf(FIRST + i, { vouches }));
    expect(offered(table, FIRST + 16, 200)).toBe(0);
  });
});

describe('relays that nobody has ever dialled', () => {
  it('vouch for each other in vain', () => {
    const table = new TestMembership();
    honest(table, 1, 20);
    const peer = table.addSession(50);
    for (let i = 0; i < 300; i++) {
      const vouches = [1, 2, 3, 4].map((step) => vouchOf(FIRST + ((i + step) % 300)));
      table.tell(peer, recordOf(FIRST + i, { vouches }));
    }
    expect(offered(table, FIRST, 300)).toBe(0);
  });

  it('are kept out of what others tell: one teller has a quarter of the places for the unproven', () => {
    const table = new TestMembership();
    const [liar, other] = [table.addSession(1), table.addSession(2)];
    for (let i = 0; i < 3_000; i++) {
      table.nowMs += 10; // as fast as it asks for them
      table.tell(liar, recordOf(FIRST + i));
    }
    expect(table.membership.unproven.size).toBeLessThanOrEqual(1_250);
    table.nowMs += 10_000;
    table.tell(other, recordOf(9));
    table.run(20);
    expect(table.visits).toContain(9); // tellers take turns
    expect(idOf(9)).toHaveLength(64);
  }, 60_000);
});
