import { readFrame } from '../src/frame.ts';
import { hearingCost, parsingCost, rateOfAddress, rateOfConnection } from '../src/prices.ts';

const costOf = (frame: unknown, bytes: number, receivers: number): number =>
  hearingCost(readFrame(JSON.stringify(frame), 0), bytes, receivers);
const question = { '#': 'a', get: { '#': 'mark' } };
const answer = { '#': 'b', '@': 'a', ok: { '': 1 } };

describe('prices', () => {
  it('of a message that nobody else is there for: one', () => {
    expect([costOf(question, 60, 0), costOf(answer, 60, 0), costOf([], 2, 0)]).toEqual([1, 1, 0]);
    expect(costOf(0, 1, 300)).toBe(1); // refused
  });

  it('of what is handed on: by how many it reaches, and how many bytes reach them', () => {
    expect(costOf(question, 60, 300)).toBeCloseTo(3.2, 1);
    expect(costOf(question, 4_500, 300)).toBeCloseTo(18, 1);
  });

  it('of an answer, or a greeting: nothing for those that do not hear it', () => {
    expect([costOf(answer, 60, 300), costOf({ dam: '?', pid: 'x' }, 20, 300)]).toEqual([1, 1]);
  });

  it('of a batch: for each message, and those that are handed on take their part of its bytes', () => {
    expect(costOf([question, question, answer, answer], 9_000, 100)).toBeCloseTo(4 + 4 / 3 + 5, 5);
  });

  it('of values: eight are a message', () => expect(parsingCost(800)).toBe(100));
});

describe('rates', () => {
  it('let a connection load a second of it at once, and owe a minute', () =>
    expect(rateOfConnection(200)).toEqual({ perSecond: 200, burst: 200, debtMax: 12_000 }));

  it('let an address have a quarter of a second done at once', () =>
    expect(rateOfAddress(1_000)).toEqual({ perSecond: 1_000, burst: 250, debtMax: 2_000 }));
});
