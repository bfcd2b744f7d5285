import { newBucket } from '@relay-swarm/net';
import { Payments, type Payer } from '../src/payments.ts';

const messages = { perSecond: 10, burst: 20 };
const messagesPerAddress = { perSecond: 20, burst: 40 };

function setUp() {
  const seen: string[] = [];
  const clock = { nowMs: 0 };
  const address = newBucket(messagesPerAddress, 0);
  const payer = (name: string): Payer & { name: string } => ({
    name,
    ...newBucket(messages, 0),
    caller: { key: '', messages: address },
    isResting: false,
    rest: (milliseconds) => void seen.push(`${name} rests ${milliseconds}`),
  });
  const payments = new Payments<Payer & { name: string }>({
    messages,
    messagesPerAddress,
    bytesPerMessage: 1_000,
    nowMs: () => clock.nowMs,
    end: ({ name }) => void seen.push(`${name} ends`),
    rests: () => void seen.push('one waits'),
  });
  return { seen, clock, payments, one: payer('one'), other: payer('other') };
}

describe('Payments', () => {
  it('charges bytes when they arrive, and has what comes next wait until they are paid', () => {
    const { payments, one, clock, seen } = setUp();
    expect([payments.restMs(one, 25_000), payments.restMs(one, 1)]).toEqual([0, 500]);
    clock.nowMs = 500;
    expect([payments.restMs(one, 1), seen]).toEqual([0, ['one waits']]);
  });

  it('asks the address before anything is looked at, whoever of it has asked for too much', () => {
    const { payments, one, other } = setUp();
    expect(payments.restMs(one, 60_000)).toBe(0);
    expect(payments.restMs(other, 1)).toBeCloseTo(1_000, -2);
  });

  it('lets the debtor rest, and ends who is a whole burst in debt', () => {
    const { payments, one, seen } = setUp();
    expect([payments.pay(one, 20), payments.pay(one, 10), payments.pay(one, 10)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(seen).toEqual(['one waits', 'one rests 1000', 'one ends']);
  });
});
