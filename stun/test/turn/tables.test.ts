// The small tables under the TURN server: ports, nonces, rate limit, buckets, connections, arena.
import fc from 'fast-check';
import { Quotas } from '../../src/turn/quotas.ts';
import { DEFAULT_LIMITS } from '../contracts/options.ts';
import { bytesOnTheWire, takeFrom, TokenBucket } from '../../src/turn/bandwidth.ts';
import { ConnectionCounts } from '../../src/listeners/connection-counts.ts';
import { NONCE_CHARS, Nonces } from '../../src/auth/nonce.ts';
import { PacketArena } from '../../src/stun/packet-arena.ts';
import { FreePorts } from '../../src/turn/free-ports.ts';
import { AddressRateLimit } from '../../src/auth/address-rate-limit.ts';

describe('FreePorts', () => {
  it('never hands out a port twice, and every even port it gives is even', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('any' as const), dice: fc.nat() }),
      fc.record({ do: fc.constant('even' as const), dice: fc.nat(), withNext: fc.boolean() }),
      fc.record({ do: fc.constant('give' as const), dice: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), fc.integer({ min: 1, max: 12 }), (actions, size) => {
        let dice = 0;
        const pool = new FreePorts(1001, 1000 + size, (below) => dice % below);
        const taken = new Set<number>();
        const take = (port: number | undefined): void => {
          if (port === undefined) return;
          expect(taken.has(port)).toBe(false);
          expect(port).toBeGreaterThan(1000);
          expect(port).toBeLessThanOrEqual(1000 + size);
          taken.add(port);
        };
        for (const one of actions) {
          dice = one.dice;
          if (one.do === 'any') take(pool.any());
          else if (one.do === 'even') {
            const port = pool.even(one.withNext);
            if (port !== undefined) expect(port % 2).toBe(0);
            take(port);
            if (port !== undefined && one.withNext) take(port + 1);
          } else {
            const port = [...taken][one.dice % Math.max(1, taken.size)];
            if (port === undefined) continue;
            pool.give(port);
            pool.give(port); // twice does no harm
            taken.delete(port);
          }
          expect(pool.free).toBe(size - taken.size);
        }
      }),
    );
  });

  it('has nothing when all are taken', () => {
    const pool = new FreePorts(65_534, 65_535, () => 0);
    expect(pool.even(true)).toBe(65_534);
    expect(pool.any()).toBeUndefined();
    expect(pool.even(false)).toBeUndefined();
    pool.give(65_535);
    expect(pool.even(false)).toBeUndefined();
    expect(pool.any()).toBe(65_535);
  });
});

describe('Nonces', () => {
  const nonces = new Nonces(Buffer.alloc(32, 1), 600);
  const nonce = nonces.issue('192.0.2.1', 5000, 1_000_000);
  const isFresh = (text: string, address = '192.0.2.1', port = 5000, nowMs = 1_000_000): boolean =>
    nonces.isFresh(Buffer.from(text), address, port, nowMs);

  it('serve one client for a while', () => {
    expect(nonce).toHaveLength(NONCE_CHARS);
    expect(isFresh(nonce)).toBe(true);
    expect(isFresh(nonce, '192.0.2.1', 5000, 1_599_999)).toBe(true);
    expect(isFresh(nonce, '192.0.2.1', 5000, 1_600_000)).toBe(false);
    expect(isFresh(nonce, '192.0.2.2')).toBe(false);
    expect(isFresh(nonce, '192.0.2.1', 5001)).toBe(false);
    expect(
      new Nonces(Buffer.alloc(32, 2), 600).isFresh(Buffer.from(nonce), '192.0.2.1', 5000, 1_000_000),
    ).toBe(false);
  });

  it('are refused with any byte changed, cut or added', () => {
    for (let at = 0; at < nonce.length; at++) {
      const other = nonce[at] === '0' ? '1' : '0';
      expect(isFresh(nonce.slice(0, at) + other + nonce.slice(at + 1))).toBe(false);
      expect(isFresh(nonce.slice(0, at))).toBe(false);
    }
    expect(isFresh(`${nonce}0`)).toBe(false);
    expect(isFresh('z'.repeat(NONCE_CHARS))).toBe(false);
  });
});

describe('AddressRateLimit', () => {
  it('limits each address by itself, and forgets every second', () => {
    const gate = new AddressRateLimit(3, 42);
    const allowed = (address: string, nowMs: number): number =>
      Array.from({ length: 10 }, () => gate.allows(address, nowMs)).filter(Boolean).length;
    expect(allowed('192.0.2.1', 0)).toBe(3);
    expect(allowed('192.0.2.2', 0)).toBe(3);
    expect(allowed('192.0.2.1', 999)).toBe(0);
    expect(allowed('192.0.2.1', 1_000)).toBe(3);
    expect(allowed('2001:db8::1', 1_000)).toBe(3);
    expect(allowed('2001:db8::2', 1_000)).toBe(0);
  });

  it('leaves most addresses alone while 1,000 others use up theirs', () => {
    const gate = new AddressRateLimit(1, 7);
    for (let i = 0; i < 1_000; i++) gate.allows(`10.0.${i >> 8}.${i & 255}`, 0);
    let served = 0;
    for (let i = 0; i < 1_000; i++) if (gate.allows(`192.0.${i >> 8}.${i & 255}`, 0)) served++;
    expect(served).toBeGreaterThan(900);
  });
});

describe('TokenBucket', () => {
  it('passes what was promised and no more, over any steps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.nat(2_000), bytes: fc.nat(1_500) }), { maxLength: 200 }),
        (packets) => {
          let nowMs = 0;
          let passed = 0;
          const bucket = new TokenBucket(10_000, nowMs);
          for (const { afterMs, bytes } of packets) {
            nowMs += afterMs;
            if (takeFrom([bucket], bytes, nowMs)) passed += bytesOnTheWire(bytes);
            expect(passed).toBeLessThanOrEqual(10_000 + (nowMs * 10_000) / 1000 + 1e-6);
          }
        },
      ),
    );
  });

  it('takes from all buckets or from none', () => {
    const [small, large] = [new TokenBucket(100, 0), new TokenBucket(1_000, 0)];
    expect(takeFrom([large, small], 500, 0)).toBe(false);
    expect(takeFrom([large], 1_000 - 28, 0)).toBe(true);
  });
});

describe('ConnectionCounts', () => {
  it('limits all and each address, and counts down again', () => {
    const counts = new ConnectionCounts({
      ...DEFAULT_LIMITS,
      connectionsMax: 2,
      connectionsPerAddressMax: 1,
    });
    expect([counts.open(), counts.open(), counts.open()]).toEqual([true, true, false]);
    expect([counts.enter('192.0.2.1'), counts.enter('192.0.2.1'), counts.enter('192.0.2.2')]).toEqual([
      true,
      false,
      true,
    ]);
    counts.close();
    counts.leave('192.0.2.1');
    expect(counts.open()).toBe(true);
    expect(counts.enter('192.0.2.1')).toBe(true);
    expect(counts.total).toBe(2);
  });
});

describe('Quotas', () => {
  const quotas = (limits: Partial<typeof DEFAULT_LIMITS> = {}): Quotas =>
    new Quotas({ ...DEFAULT_LIMITS, allocationsMax: 100, ...limits });

  it('let no address have more than its share, whatever names it mints', () => {
    const all = quotas({ allocationsPerAddressMax: 5 });
    for (let n = 0; n < 5; n++) all.take(`minted${n}`, '192.0.2.1', 0);
    expect(all.refusal('minted5', '192.0.2.1', 1)).toBe(486);
    expect(all.refusal('minted5', '192.0.2.2', 1)).toBeUndefined();
  });

  it('let no /48 have more than eight shares, however many /64s it has', () => {
    const all = quotas({ allocationsPerAddressMax: 5 });
    for (let n = 0; n < 40; n++) all.take(`minted${n}`, `2001:db8:1:${n}::1`, 0);
    expect(all.refusal('minted40', '2001:db8:1:ff::1', 1)).toBe(486);
    expect(all.refusal('minted40', '2001:db8:2::1', 1)).toBeUndefined();
  });

  it('keep the last tenth for addresses that have nothing yet', () => {
    const all = quotas();
    const taken = Array.from({ length: 90 }, (_, n) => all.take(`minted${n}`, `192.0.2.${n % 5}`, 0));
    expect(all.refusal('minted', '192.0.2.1', 1)).toBe(508);
    for (let n = 0; n < 10; n++) {
      expect(all.refusal('honest', `198.51.100.${n}`, 1)).toBeUndefined();
      all.take('honest', `198.51.100.${n}`, 0);
    }
    expect(all.refusal('honest', '203.0.113.1', 1)).toBe(508);
    for (let n = 0; n < 11; n++) all.give(taken[n]!, `192.0.2.${n % 5}`, 0);
    expect(all.refusal('minted', '192.0.2.1', 1)).toBeUndefined();
  });
});

describe('AddressRateLimit', () => {
  it('gives a /48 some shares, and takes the price', () => {
    const limit = new AddressRateLimit(10, 1);
    for (let n = 0; n < 8; n++) expect(limit.allows(`2001:db8:1:${n}::1`, 0, 10)).toBe(true);
    expect(limit.allows('2001:db8:1:99::1', 0)).toBe(false);
    expect(limit.allows('2001:db8:2::1', 0)).toBe(true);
    expect(limit.allows('2001:db8:1:99::1', 1_000)).toBe(true);
  });
});

describe('PacketArena', () => {
  it('never gives the same bytes twice', () => {
    const arena = new PacketArena();
    const ends = new Map<Buffer, number>();
    for (const bytes of [100, 65_600, 1, 65_600, 65_600, 65_600, 65_600, 7]) {
      const start = arena.take(bytes);
      expect(start).toBeGreaterThanOrEqual(ends.get(arena.buffer) ?? 0);
      expect(start + bytes).toBeLessThanOrEqual(arena.buffer.length);
      ends.set(arena.buffer, start + bytes);
    }
    expect(ends.size).toBe(2);
  });

  it('takes back what a packet did not need, and no byte of what it did', () => {
    const arena = new PacketArena();
    const start = arena.take(1_000);
    arena.trim(start + 100);
    expect(arena.take(1)).toBe(start + 100);
  });
});
