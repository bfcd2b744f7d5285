import { ByteBudget } from '@relay-swarm/net';
import { ClientMemory } from '../../src/transport/client-memory.ts';
import type { Connection } from '../../src/transport/connection.ts';

const BUDGET_BYTES = 1_000_000;

function create() {
  const budget = new ByteBudget({ bytesMax: BUDGET_BYTES, connectionShare: 1, addressShare: 1 });
  const memory = new ClientMemory({ budget, unfinishedSecondsMax: 10 });
  const ended: string[] = [];
  const connect = (name: string, address = name) => {
    const holder = memory.open(address, () => void ended.push(`${name} cut`));
    const connection = {
      holder,
      partial: { sinceMs: 0, heldBytes: 0 },
      isUnfinished: true,
      isCountedUnfinished: false,
      bufferedBytes: 0,
      unreadBytes: 0,
      isResting: false,
      hold: (bytes: number) => holder.hold(bytes) === undefined,
      release: (bytes: number) => {
        holder.release(bytes);
      },
      close: (code: number) => void ended.push(`${name} closed ${code}`),
      terminate: () => void ended.push(`${name} terminated`),
    };
    memory.add(connection as typeof connection & Connection);
    return connection as typeof connection & Connection & { unreadBytes: number; isUnfinished: boolean };
  };
  return { budget, memory, ended, connect };
}

describe('ClientMemory', () => {
  it('ends who does not finish a message in time, not who finishes one after another', () => {
    const { memory, ended, connect } = create();
    const [slow, busy, quick] = [connect('slow'), connect('busy'), connect('quick')];
    for (const connection of [slow, busy, quick]) memory.noteUnfinished(connection, 1_000);
    quick.isUnfinished = false;
    memory.noteUnfinished(quick, 2_000);
    for (let nowMs = 2_000; nowMs <= 20_000; nowMs += 1_000) {
      Object.assign(busy, { partial: { sinceMs: 0, heldBytes: 0 } });
      for (const connection of [slow, busy])
        if (!ended.includes('slow closed 1008')) memory.noteUnfinished(connection, nowMs);
      if (!ended.includes('slow closed 1008')) memory.tick(nowMs);
    }
    expect([ended, memory.ended.unfinished, memory.unfinished]).toEqual([['slow closed 1008'], 1, 1]);
  });

  it('counts connections, unfinished messages and what is not read, and gives all of it back', () => {
    const { budget, memory, connect } = create();
    const [one, two] = [connect('one'), connect('two')];
    const idle = budget.bytes;
    expect(idle).toBeGreaterThan(0);
    one.partial.heldBytes = 300;
    memory.noteUnfinished(one, 1_000);
    two.unreadBytes = 5_000;
    memory.noteWaiting(two);
    expect(budget.bytes - idle).toBe(5_300);
    one.isUnfinished = false;
    memory.noteUnfinished(one, 2_000);
    two.unreadBytes = 1_000;
    memory.tick(3_000);
    expect(budget.bytes - idle).toBe(1_000);
    two.unreadBytes = 0;
    memory.tick(4_000);
    expect(budget.bytes).toBe(idle);
    for (const connection of [one, two]) memory.remove(connection);
    expect([budget.bytes, budget.addresses]).toEqual([0, 0]);
  });

  it('cuts off the largest where all together hold too much, and counts it once', () => {
    const { budget, memory, ended, connect } = create();
    [100_000, 400_000, 300_000, 150_000].forEach((unreadBytes, index) => {
      const connection = connect(`${unreadBytes} of ${index}`);
      connection.unreadBytes = unreadBytes;
      memory.noteWaiting(connection);
    });
    expect([ended, memory.ended.memory]).toEqual([['400000 of 1 cut'], 1]);
    expect(budget.bytes).toBeLessThan(0.75 * BUDGET_BYTES);
  });

  it('refuses a connection of an address that holds its share', () => {
    const budget = new ByteBudget({ bytesMax: 100_000, addressShare: 0.1, connectionShare: 0.1 });
    const memory = new ClientMemory({ budget, unfinishedSecondsMax: 10 });
    const closed: number[] = [];
    for (let index = 0; index < 3; index++) {
      const holder = memory.open('a', () => undefined);
      memory.add({
        hold: (bytes: number) => holder.hold(bytes) === undefined,
        close: (code: number) => void closed.push(code),
      } as unknown as Connection);
    }
    expect([closed, memory.ended.memory]).toEqual([[1013], 1]);
  });
});
