// Limits that several workers keep together: counts told to each other, and what of each limit a worker has.
import fc from 'fast-check';
import { ConnectionCounts } from '../../src/listeners/connection-counts.ts';
import { Quotas, type Account } from '../../src/turn/quotas.ts';
import type { HeardChange, SharedCounts } from '../../src/turn/worker-share.ts';
import { Ledger, type CountChange } from '../../src/workers/ledger.ts';
import { limitsOfWorker, portRanges } from '../../src/workers/shares.ts';
import { leftBehind, sumOf } from '../../src/workers/sum.ts';
import { checkReusePort } from '../../src/workers/workers-engine.ts';
import { DEFAULT_LIMITS } from '../contracts/options.ts';

const LIMITS = {
  ...DEFAULT_LIMITS,
  allocationsMax: 10,
  allocationsPerUserMax: 4,
  allocationsPerAddressMax: 6,
  connectionsMax: 5,
  connectionsPerAddressMax: 3,
  bytesPerSecondPerUserMax: 12_000,
};

/** Workers whose changes arrive when the test says so. */
class Crowd {
  readonly #ledger = new Ledger();
  readonly #late: (readonly [from: number, change: CountChange])[] = [];
  readonly workers = new Map<number, Worker>();

  start(index: number): void {
    const heard = new Map<string, HeardChange>();
    const shared: SharedCounts = {
      tell: (...change) => this.#late.push([index, change]),
      hear: (what, how) => heard.set(what, how),
    };
    const worker = {
      quotas: new Quotas(LIMITS, shared),
      connections: new ConnectionCounts(LIMITS, shared),
      held: [] as [Account, string][],
      hear: (changes: readonly CountChange[]) => {
        for (const [what, key, by] of changes) heard.get(what)?.(key, by, 0);
      },
    };
    worker.hear(this.#ledger.elsewhere(index));
    this.workers.set(index, worker);
  }

  /** What was told arrives at the others. */
  settle(): void {
    for (const [from, change] of this.#late.splice(0)) {
      if (!this.workers.has(from)) continue;
      this.#ledger.changed(from, [change]);
      for (const [index, worker] of this.workers) if (index !== from) worker.hear([change]);
    }
  }

  kill(index: number): void {
    this.settle();
    this.workers.delete(index);
    const gone = this.#ledger.died(index);
    for (const worker of this.workers.values()) worker.hear(gone);
  }
}
interface Worker {
  readonly quotas: Quotas;
  readonly connections: ConnectionCounts;
  readonly held: [Account, string][];
  readonly hear: (changes: readonly CountChange[]) => void;
}

const step = fc.record({
  what: fc.constantFrom('take', 'take', 'take', 'give', 'die'),
  worker: fc.nat(2),
  user: fc.constantFrom('alice', 'bob', 'carol'),
  address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
});

it('allows at each worker exactly what one process with all their clients would, once they have heard', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const crowd = new Crowd();
      for (const index of [0, 1, 2]) crowd.start(index);
      for (const { what, worker: index, user, address } of steps) {
        const worker = crowd.workers.get(index)!;
        if (what === 'die') {
          crowd.kill(index);
          crowd.start(index);
        } else if (what === 'give') {
          const last = worker.held.pop();
          if (last !== undefined) worker.quotas.give(...last, 0);
        } else if (worker.quotas.refusal(user, address, 1) === undefined) {
          worker.held.push([worker.quotas.take(user, address, 0), address]);
        }
        crowd.settle();
        const alone = new Quotas(LIMITS);
        for (const { held } of crowd.workers.values())
          for (const [account, at] of held) alone.take(account.name, at, 0);
        for (const { quotas } of crowd.workers.values())
          for (const name of ['alice', 'bob', 'carol'])
            for (const at of ['192.0.2.1', '192.0.2.2'])
              expect(quotas.refusal(name, at, 1)).toBe(alone.refusal(name, at, 1));
      }
    }),
  );
});

it('divides a user’s rate by the allocations that each worker has', () => {
  const crowd = new Crowd();
  for (const index of [0, 1]) crowd.start(index);
  const take = (index: number): Account => crowd.workers.get(index)!.quotas.take('alice', '192.0.2.1', 0);
  const rateOf = ({ toPeers }: Account): number => {
    const [bucket] = toPeers;
    let bytes = 0;
    while (bucket!.has(bytes + 1_000, 5_000)) bytes += 1_000;
    return bytes;
  };
  const [first] = [take(0), take(0)];
  const other = take(1);
  crowd.settle();
  expect([rateOf(first), rateOf(other)]).toEqual([8_000, 4_000]);
  crowd.kill(1);
  expect(rateOf(first)).toBe(12_000);
});

it('counts connections over all, and those of an address', () => {
  const crowd = new Crowd();
  for (const index of [0, 1]) crowd.start(index);
  const open = (index: number, address: string): boolean => {
    const { connections } = crowd.workers.get(index)!;
    const isIn = connections.open() && connections.enter(address);
    crowd.settle();
    return isIn;
  };
  expect([open(0, 'a'), open(1, 'a'), open(0, 'a')]).toEqual([true, true, true]);
  expect(open(1, 'a')).toBe(false); // the address has its three; this one is the fourth of five all the same
  expect(open(1, 'b')).toBe(true);
  expect(open(0, 'c')).toBe(false);
  expect(crowd.workers.get(0)!.connections.total).toBe(2);
  crowd.kill(1);
  crowd.start(1);
  expect([open(0, 'c'), open(1, 'a'), open(0, 'd')]).toEqual([true, true, true]);
});

it('gives each worker ports of its own, all of them together', () => {
  expect(portRanges({ min: 61_160, max: 61_179 }, 3)).toEqual([
    { min: 61_160, max: 61_165 },
    { min: 61_166, max: 61_172 },
    { min: 61_173, max: 61_179 },
  ]);
});

it('divides the rates of all and of one address, and nothing else', () => {
  const limits = { ...DEFAULT_LIMITS, bytesPerSecondMax: 0, unauthenticatedPerSecondMax: 101 };
  expect(limitsOfWorker(limits, 2)).toEqual({
    ...limits,
    unauthenticatedPerSecondMax: 51,
    controlPerSecondPerAddressMax: DEFAULT_LIMITS.controlPerSecondPerAddressMax / 2,
  });
});

it('keeps what a dead worker has counted, and not what it had', () => {
  const one = { ...sumOf([]), allocations: 3, packetsToPeers: 7, errorResponses: { 401: 2 } };
  const other = { ...one, errorResponses: { 401: 1, 508: 1 } };
  expect(sumOf([leftBehind(one), other])).toMatchObject({
    allocations: 3,
    packetsToPeers: 14,
    errorResponses: { 401: 3, 508: 1 },
  });
});

it.each([
  ['v20.19.0', 'linux'],
  ['v22.20.0', 'linux'],
  ['v23.0.0', 'linux'],
  ['v24.1.0', 'darwin'],
])('refuses Node %s on %s in a sentence', (node, platform) => {
  expect(() => checkReusePort(2, node, platform)).toThrow(
    `STUN_WORKERS=2 needs Linux and Node.js 23.1 or newer, as in the containers, found ${platform} and ${node}: use these, or set STUN_WORKERS=1`,
  );
});

it('takes Node 23.1 and 24 on Linux', () => {
  for (const node of ['v23.1.0', 'v24.0.0']) expect(() => checkReusePort(2, node, 'linux')).not.toThrow();
});
