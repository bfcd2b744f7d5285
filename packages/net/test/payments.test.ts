import { AddressBuckets } from '../src/address-buckets.ts';
import { Payments, type Payer } from '../src/payments.ts';
import { newBucket, type Rate } from '../src/rate.ts';

const own = { perSecond: 10, burst: 20 };
const ofAddress = { perSecond: 20, burst: 40 };

type Named = Payer & { name: string; isResting: boolean };

interface More {
  own?: Rate;
  ownBytesPerMessage?: number;
  rate?: Rate;
  isTurnOver?: () => boolean;
}

function setUp({ rate = ofAddress, ...more }: More = {}) {
  const seen: string[] = [];
  const clock = { nowMs: 0 };
  const addresses = new AddressBuckets(rate);
  const payer = (name: string, address = 'a'): Named => ({
    name,
    ...newBucket(own, 0),
    account: addresses.enter(address, 0),
    isPaidAhead: false,
    isResting: false,
    rest: (milliseconds) => void seen.push(`${name} rests ${milliseconds}`),
  });
  const payments = new Payments<Named>({
    own,
    addresses,
    bytesPerMessage: 1_000,
    pieceCost: 0.1,
    monotonicMs: () => clock.nowMs,
    end: ({ name }) => void seen.push(`${name} ends`),
    rests: () => void seen.push('one waits'),
    ...more,
  });
  return { seen, clock, payments, payer, one: payer('one'), other: payer('other') };
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

  it('gives each connection of an address that owes its turn, and wakes it up once', () => {
    const { payments, payer, clock } = setUp({ ownBytesPerMessage: Infinity });
    const all = Array.from({ length: 4 }, (_, index) => payer(`${index}`));
    payments.restMs(all[0]!, 39_900);
    const waits = all.map((one) => payments.restMs(one, 19_900)); // twenty messages: a second for this address
    expect(waits).toEqual([0, 1_000, 2_000, 2_000]); // no more than a burst is owed
    clock.nowMs = 1_000;
    expect(payments.restMs(all[1]!, 19_900)).toBe(0);
    expect(payments.restMs(all[1]!, 19_900)).toBeGreaterThan(0);
  });

  it('gives nobody a turn while the address owes more than a second, whatever for', () => {
    const { payments, payer, clock, seen } = setUp({
      ownBytesPerMessage: Infinity,
      own: { ...own, burst: 100 },
    });
    const [one, other] = [payer('one'), payer('other')];
    payments.begin(one);
    payments.pay(one, 45);
    expect(seen).toEqual(['one rests 250', 'one waits']);
    expect(payments.restMs(other, 900)).toBe(250);
    clock.nowMs = 250;
    payments.pay(one, 39);
    expect(payments.restMs(other, 900)).toBe(1_000);
    clock.nowMs = 1_250;
    expect(payments.restMs(other, 900)).toBe(0);
  });

  it('has a busy address wait for a later turn of the event loop, once, and nobody else', () => {
    const { payments, one, other, payer } = setUp({ isTurnOver: () => true });
    const neighbour = payer('neighbour', 'b');
    expect(payments.restMs(one, 3_000)).toBe(0);
    expect([
      payments.restMs(one, 3_000),
      payments.restMs(other, 100),
      payments.restMs(neighbour, 100),
    ]).toEqual([1, 1, 0]);
    expect([payments.restMs(one, 3_000), payments.restMs(one, 100)]).toEqual([0, 1]);
  });

  it('lets the debtor rest, and ends who is a whole burst in debt', () => {
    const { payments, one, seen } = setUp();
    expect([payments.pay(one, 20), payments.pay(one, 10), payments.pay(one, 10)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(seen).toEqual(['one rests 1000', 'one waits', 'one ends']);
  });

  it('leaves the bytes to the address where it is told so', () => {
    const { payments, one, payer } = setUp({ ownBytesPerMessage: Infinity });
    expect([payments.restMs(one, 25_000), payments.restMs(one, 14_800)]).toEqual([0, 0]);
    expect([one.thousandths, payments.restMs(payer('third'), 1_000)]).toEqual([20_000, 0]);
    expect(payments.restMs(payer('fourth'), 1)).toBe(55);
  });

  it('has the addresses of an IPv6 /48 pay together, for eight', () => {
    const { payments, payer } = setUp({ ownBytesPerMessage: Infinity });
    const of = (network: number): Named => payer('one', `2001:db8:1:${network.toString(16)}::/64`);
    const rests = Array.from({ length: 20 }, (_, network) => payments.restMs(of(network), 40_000));
    expect(rests.findIndex((ms) => ms > 0)).toBe(8);
    expect(payments.restMs(payer('far', '2001:db8:2:1::/64'), 40_000)).toBe(0);
  });

  it('keeps nobody waiting for longer than half a minute at once', () => {
    const { payments, payer, seen } = setUp({ own: { ...own, debtMax: 1_000 } });
    const one = payer('one');
    payments.pay(one, 900);
    expect([payments.restMs(one, 1), seen]).toEqual([30_000, ['one rests 30000', 'one waits', 'one waits']]);
  });

  it('keeps nobody for longer than that at its turn either, whatever its address owes', () => {
    const { payments, payer } = setUp({
      ownBytesPerMessage: Infinity,
      own: { ...own, burst: 10_000 },
      rate: { ...ofAddress, debtMax: 10_000 },
    });
    const [one, other] = [payer('one'), payer('other')];
    payments.pay(one, 45);
    payments.restMs(other, 900);
    payments.pay(one, 5_000);
    expect(payments.restMs(other, 900)).toBe(30_000);
  });

  it('counts a wait once, and leaves whoever rests already alone', () => {
    const { payments, one, seen } = setUp();
    one.isResting = true;
    expect([payments.pay(one, 25), payments.restMs(one, 1), seen]).toEqual([true, 500, []]);
  });

  it('has the address pay for messages that are taken or dropped', () => {
    const { payments, payer, other } = setUp();
    const one = payer('one');
    const taken = Array.from({ length: 50 }, () => payments.take(one));
    expect(taken.filter((is) => is)).toHaveLength(20);
    expect(payments.restMs(other, 0)).toBe(500);
  });
});
