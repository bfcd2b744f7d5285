import { ByteBudget } from '../src/budget.ts';
import { SocketMemory, type HeldSocket } from '../src/socket-memory.ts';

const BUDGET_BYTES = 1_000_000;

function create() {
  const budget = new ByteBudget({ bytesMax: BUDGET_BYTES, connectionShare: 1, addressShare: 1 });
  const memory = new SocketMemory({ budget, unfinishedMsMax: 10_000, connectionBytes: 5_000 });
  const ended: string[] = [];
  const connect = (name: string, address = name) => {
    const cut = (): void => void ended.push(`${name} cut`);
    const connection = {
      holder: memory.open(address, { cut }),
      cut,
      partial: { sinceMs: 0, heldBytes: 0 } as HeldSocket['partial'] & { heldBytes: number },
      isUnfinished: true,
      isCountedUnfinished: false,
      bufferedBytes: 0,
      unreadBytes: 0,
      isResting: false,
      endFor: (reason: string) => void ended.push(`${name} ended for ${reason}`),
    };
    memory.add(connection);
    return connection;
  };
  return { budget, memory, ended, connect };
}

describe('SocketMemory', () => {
  it('ends who does not finish a message in time, not who finishes one after another', () => {
    const { memory, ended, connect } = create();
    const [slow, busy, quick] = [connect('slow'), connect('busy'), connect('quick')];
    for (const connection of [slow, busy, quick]) memory.settled(connection, 1_000);
    quick.isUnfinished = false;
    memory.settled(quick, 2_000);
    for (let nowMs = 2_000; nowMs <= 20_000; nowMs += 1_000) {
      Object.assign(busy, { partial: { sinceMs: 0, heldBytes: 0 } });
      for (const connection of [slow, busy])
        if (!ended.includes('slow ended for unfinished_message')) memory.settled(connection, nowMs);
      if (!ended.includes('slow ended for unfinished_message')) memory.tick(nowMs);
    }
    expect([ended, memory.ended.unfinished, memory.unfinished]).toEqual([
      ['slow ended for unfinished_message'],
      1,
      1,
    ]);
  });

  it('counts connections, unfinished messages and what is not read, and gives all of it back', () => {
    const { budget, memory, connect } = create();
    const [one, two] = [connect('one'), connect('two')];
    const idle = budget.bytes;
    expect(idle).toBeGreaterThan(0);
    one.partial.heldBytes = 300;
    memory.settled(one, 1_000);
    two.unreadBytes = 5_000;
    memory.noteWaiting(two);
    expect(budget.bytes - idle).toBe(5_300);
    one.isUnfinished = false;
    memory.settled(one, 2_000);
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
    const memory = new SocketMemory({ budget, unfinishedMsMax: 10_000, connectionBytes: 5_000 });
    const ended: string[] = [];
    for (let index = 0; index < 3; index++) {
      const holder = memory.open('a', { cut: () => undefined });
      memory.add({ holder, endFor: (reason: string) => void ended.push(reason) } as unknown as HeldSocket);
    }
    expect([ended, memory.ended.memory]).toEqual([['address_memory'], 1]);
  });
});
