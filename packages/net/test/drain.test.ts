import { drain, type DrainOptions } from '../src/drain.ts';

class FakeSocket {
  isClosed = false;
  wasTerminated = false;
  terminate(): void {
    this.isClosed = this.wasTerminated = true;
  }
}

/** Runs a drain with a clock of its own; `close` is told the time. */
async function run(
  sockets: FakeSocket[],
  options: Partial<DrainOptions<FakeSocket>>,
  close: (socket: FakeSocket, atMs: number) => void,
): Promise<number> {
  let nowMs = 0;
  await drain({
    open: () => sockets.filter(({ isClosed }) => !isClosed),
    spreadMs: 0,
    wait: (milliseconds) => {
      nowMs += milliseconds;
      return Promise.resolve();
    },
    ...options,
    close: (socket) => close(socket, nowMs),
  });
  return nowMs;
}

const many = (count: number): FakeSocket[] => Array.from({ length: count }, () => new FakeSocket());

describe('drain()', () => {
  it('closes every one and cuts none that answers', async () => {
    const sockets = many(7);
    await run(sockets, { spreadMs: 100 }, (socket) => (socket.isClosed = true));
    expect(sockets.every(({ isClosed, wasTerminated }) => isClosed && !wasTerminated)).toBe(true);
  });

  it('spreads the closes', async () => {
    const atMs: number[] = [];
    const endedMs = await run(many(4), { spreadMs: 200 }, (socket, nowMs) => {
      atMs.push(nowMs);
      socket.isClosed = true;
    });
    expect(atMs).toEqual([0, 50, 100, 150]);
    expect(endedMs).toBe(150);
  });

  it('cuts those that do not answer in time', async () => {
    const sockets = many(2);
    expect(await run(sockets, { answerMs: 300 }, () => undefined)).toBe(300);
    expect(sockets.every(({ wasTerminated }) => wasTerminated)).toBe(true);
  });

  it('is done at once where there is nobody', async () => {
    expect(await run([], { spreadMs: 3_000 }, () => undefined)).toBe(0);
  });
});
