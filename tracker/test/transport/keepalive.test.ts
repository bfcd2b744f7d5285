import type { Connection } from '../../src/transport/connection.ts';
import { Keepalive, PROBE_MS } from '../../src/transport/keepalive.ts';

/** As much of a connection as the keepalive looks at. */
class Kept {
  openedAtMs: number;
  lastFrameMs: number;
  isIdle = false;
  pingsUnanswered = 0;
  probedUntilMs = 0;
  pings = 0;
  readonly events: string[] = [];

  constructor(nowMs: number) {
    this.openedAtMs = this.lastFrameMs = nowMs;
  }
  ping(): void {
    this.pings++;
    this.pingsUnanswered++;
  }
  answer(): void {
    this.pingsUnanswered = 0;
    this.probedUntilMs = 0;
  }
  close(code: number): void {
    this.events.push(`close ${code}`);
  }
  terminate(): void {
    this.events.push('terminate');
  }
}

const limits = { pingSeconds: 4, firstFrameSeconds: 10, idleSeconds: 30 };
let keepalive: Keepalive;
let seconds: number;
const add = (speaks = true): Kept => {
  const kept = new Kept(seconds * 1000);
  keepalive.add(kept as unknown as Connection);
  if (speaks) keepalive.hasSpoken(kept as unknown as Connection);
  return kept;
};
const pass = (count: number, each: () => void = () => undefined): void => {
  for (let index = 0; index < count; index++) {
    seconds++;
    keepalive.tick(seconds * 1000);
    each();
  }
};

beforeEach(() => {
  keepalive = new Keepalive(limits);
  seconds = 100;
});

describe('Keepalive', () => {
  it('pings each connection once a period, different ones in different seconds', () => {
    const first = add();
    pass(1);
    const second = add();
    pass(12, () => {
      first.answer();
      second.answer();
    });
    expect([first.pings, second.pings]).toEqual([3, 3]);
    expect(first.events).toEqual([]);
  });

  it('ends a connection that leaves two pings unanswered', () => {
    const dead = add();
    pass(11);
    expect([dead.pings, dead.events]).toEqual([2, []]);
    pass(1);
    expect([dead.events, keepalive.ended.dead, keepalive.size]).toEqual([['terminate'], 1, 0]);
  });

  it('closes a connection that never says anything', () => {
    const silent = add(false);
    const talks = add();
    pass(9, () => silent.answer());
    expect(silent.events).toEqual([]);
    pass(1);
    expect([silent.events, talks.events, keepalive.ended.silent]).toEqual([['close 1008'], [], 1]);
  });

  it('closes a connection that has nothing to do here, but not one that has', () => {
    const idle = add();
    const busy = add();
    idle.isIdle = true;
    pass(36, () => {
      idle.answer();
      busy.answer();
    });
    expect([idle.events[0], busy.events, keepalive.ended.idle > 0]).toEqual(['close 1000', [], true]);
  });

  it('does not put off the end of a probed connection when it is probed again', () => {
    keepalive = new Keepalive({ ...limits, pingSeconds: 27 });
    const dead = add();
    pass(PROBE_MS / 1000 + 1, () => keepalive.probe(dead as unknown as Connection, seconds * 1000));
    expect(dead.events[0]).toBe('terminate');
  });

  it('ends a probed connection after seconds, and spares one that answers', () => {
    const [dead, alive] = [add(), add()];
    for (const one of [dead, alive]) keepalive.probe(one as unknown as Connection, seconds * 1000);
    alive.answer();
    pass(PROBE_MS / 1000);
    expect([dead.events, alive.events]).toEqual([['terminate'], []]);
  });

  it('forgets what is removed', () => {
    const gone = add(false);
    keepalive.remove(gone as unknown as Connection);
    pass(60);
    expect([gone.pings, gone.events, keepalive.size, [...keepalive.connections()]]).toEqual([0, [], 0, []]);
  });
});
