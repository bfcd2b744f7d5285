// What TURN holds for its users counts against the budget of the process.
import { ByteBudget } from '@relay-swarm/net/budget';
import { FakeTransport, type FakeClient } from './fake-transport.ts';

const peer = (number: number) => ({ address: `192.0.2.${number}`, port: 5000 });

function user(fake: FakeTransport, number: number): FakeClient {
  const client = fake.client(`user${number}`, { address: `203.0.113.${number}` });
  client.allocate();
  return client;
}

describe('the byte budget of TURN', () => {
  it('counts allocations, permissions and channels, and has them back when they have run out', () => {
    const budget = new ByteBudget({ bytesMax: 2 ** 30 });
    const fake = new FakeTransport({ budget });
    const client = user(fake, 1);
    const allocated = budget.bytes;
    expect(client.permit(peer(1), peer(2))).toBe('ok');
    const permitted = budget.bytes;
    expect(client.permit(peer(1), peer(2))).toBe('ok');
    expect(budget.bytes).toBe(permitted); // those that are there count once
    expect(client.bind(0x4000, peer(1))).toBe('ok');
    const bound = budget.bytes;
    expect([allocated > 0, permitted > allocated, bound > permitted]).toEqual([true, true, true]);
    fake.advance(301_000);
    expect(budget.bytes).toBeLessThan(bound); // the second permission
    expect(client.refresh(0)).toBe('ok');
    expect(budget.bytes).toBe(0);
  });

  it('has an address make no more than its share', () => {
    const fake = new FakeTransport({ budget: new ByteBudget({ bytesMax: 100_000 }) }); // a quarter is 25,000
    const clients = Array.from({ length: 4 }, (_, number) =>
      fake.client(`u${number}`, { address: '203.0.113.1' }),
    );
    const outcomes = clients.map((client) => {
      client.greet();
      return client.outcome('allocate', [0x0019, Buffer.from([17, 0, 0, 0])]);
    });
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 508]);
    expect(fake.openSockets).toBe(3);
    user(fake, 2); // somebody else has room
  });

  it('refuses permissions and channels that there is no memory for, all of a request', () => {
    const fake = new FakeTransport({ budget: new ByteBudget({ bytesMax: 100_000 }) }); // a tenth is 10,000
    const client = user(fake, 1);
    expect(client.permit(peer(1), peer(2), peer(3))).toBe('ok');
    expect(client.permit(peer(4), peer(5))).toBe(508);
    expect(client.bind(0x4000, peer(6))).toBe(508);
    expect(client.allocation?.permissions.size).toBe(3);
    expect(client.bind(0x4000, peer(1))).toBe('ok');
  });

  it('ends the biggest where all of it is nearly used, and lets nobody in then', () => {
    const budget = new ByteBudget({
      bytesMax: 100_000,
      connectionShare: 1,
      addressShare: 1,
      nextTurn: () => undefined,
    });
    const fake = new FakeTransport({ budget });
    const big = user(fake, 1);
    const small = Array.from({ length: 8 }, (_, number) => user(fake, 2 + number));
    for (let number = 1; number < 60 && big.allocation !== undefined; number++) big.permit(peer(number));
    expect(big.allocation).toBeUndefined();
    expect(small.every((one) => one.allocation !== undefined)).toBe(true);
    expect(budget.bytes).toBeLessThan(90_000);
    budget.reserve(80_000);
    const late = fake.client('late').greet();
    expect(late.outcome('allocate', [0x0019, Buffer.from([17, 0, 0, 0])])).toBe(508);
  });
});
