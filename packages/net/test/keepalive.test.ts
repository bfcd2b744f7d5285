import { Keepalive, type Kept } from '../src/keepalive.ts';

class FakeConnection implements Kept {
  heardAtMs: number;
  isResting = false;
  readonly pingedAtMs: number[] = [];
  constructor(openedAtMs = 0) {
    this.heardAtMs = openedAtMs;
  }
  ping(): void {
    this.pingedAtMs.push(nowMs);
  }
}

let nowMs = 0;
const limits = { pingMs: 10_000, deadMs: 30_000, probeMs: 5_000 };

function start() {
  nowMs = 0;
  const ended: [Kept, number][] = [];
  const keepalive = new Keepalive<FakeConnection>(limits, (one) => ended.push([one, nowMs]));
  const run = (seconds: number, each: () => void = () => undefined): void => {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1_000;
      each();
      keepalive.tick(nowMs);
    }
  };
  return { keepalive, ended, run };
}

describe('Keepalive', () => {
  it('pings who is silent once a period, and ends who stays so', () => {
    const { keepalive, ended, run } = start();
    const silent = new FakeConnection();
    keepalive.add(silent);
    run(40);
    expect(silent.pingedAtMs).toEqual([10_000, 20_000]);
    expect(ended).toEqual([[silent, 30_000]]);
    expect(keepalive.size).toBe(0);
  });

  it('never pings who talks', () => {
    const { keepalive, ended, run } = start();
    const busy = new FakeConnection();
    keepalive.add(busy);
    run(100, () => (busy.heardAtMs = nowMs));
    expect([busy.pingedAtMs, ended]).toEqual([[], []]);
  });

  it('ends nobody who answers', () => {
    const { keepalive, ended, run } = start();
    const connection = new FakeConnection();
    connection.ping = () => (connection.heardAtMs = nowMs);
    keepalive.add(connection);
    run(300);
    expect(ended).toEqual([]);
  });

  it('spreads the pings of connections that came one after the other', () => {
    const { keepalive, run } = start();
    const all: FakeConnection[] = [];
    run(10, () => {
      const one = new FakeConnection(nowMs);
      all.push(one);
      keepalive.add(one);
    });
    run(9);
    const seconds = all.flatMap(({ pingedAtMs }) => pingedAtMs);
    expect(new Set(seconds).size).toBe(seconds.length);
    expect(seconds.length).toBe(10);
  });

  it('does not hold its silence against one that is not read from', () => {
    const { keepalive, ended, run } = start();
    const resting = new FakeConnection();
    resting.isResting = true;
    keepalive.add(resting);
    keepalive.probe(resting, 0);
    run(100);
    expect(ended).toEqual([]);
  });

  it('ends a probed one that does not answer, however often it is probed', () => {
    const { keepalive, ended, run } = start();
    const dead = new FakeConnection();
    keepalive.add(dead);
    run(7, () => keepalive.probe(dead, nowMs));
    expect(ended).toEqual([[dead, 6_000]]); // probed in the first second
    expect(dead.pingedAtMs).toEqual([1_000]);
  });

  it('leaves a probed one that answers, were it in the same millisecond', () => {
    const { keepalive, ended, run } = start();
    const alive = new FakeConnection();
    alive.ping = () => (alive.heardAtMs = nowMs);
    keepalive.add(alive);
    keepalive.probe(alive, nowMs);
    run(20);
    expect(ended).toEqual([]);
  });

  it('forgets who is removed', () => {
    const { keepalive, ended, run } = start();
    const gone = new FakeConnection();
    keepalive.add(gone);
    keepalive.probe(gone, 0);
    keepalive.remove(gone);
    keepalive.probe(gone, 0);
    run(100);
    expect([ended, keepalive.size]).toEqual([[], 0]);
  });
});
