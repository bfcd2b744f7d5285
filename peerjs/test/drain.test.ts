import { drain } from '../src/drain.ts';

class FakeSocket {
  closed = false;
  terminated = false;
  terminate(): void {
    this.closed = this.terminated = true;
  }
}
const many = (count: number): FakeSocket[] => Array.from({ length: count }, () => new FakeSocket());
const left = (sockets: FakeSocket[]) => () => sockets.filter(({ closed }) => !closed);

describe('drain()', () => {
  it('closes every socket and cuts none that answers', async () => {
    const sockets = many(7);
    await drain(left(sockets), 100, (socket) => (socket.closed = true));
    expect(sockets.every(({ closed, terminated }) => closed && !terminated)).toBe(true);
  });

  it('spreads the closes', async () => {
    const sockets = many(4);
    const atMs: number[] = [];
    const startedMs = performance.now();
    await drain(left(sockets), 200, (socket) => {
      atMs.push(performance.now() - startedMs);
      socket.closed = true;
    });
    expect(atMs[0]).toBeLessThan(40);
    expect(atMs[3]).toBeGreaterThan(100);
  });

  it('cuts those that do not answer', async () => {
    const sockets = many(2);
    await drain(left(sockets), 0, () => undefined);
    expect(sockets.every(({ terminated }) => terminated)).toBe(true);
  });

  it('is done at once where there is nobody', async () => {
    const startedMs = performance.now();
    await drain(
      () => [],
      3_000,
      () => undefined,
    );
    expect(performance.now() - startedMs).toBeLessThan(50);
  });
});
