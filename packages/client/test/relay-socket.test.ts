// One socket in virtual time: how soon each kind of death is noticed, and when it tries again.
import {
  ANSWER_MS,
  OPEN_MS,
  PING_MS,
  RelaySocket,
  SETTLE_MS,
  type SocketLike,
  type SocketPorts,
} from '../src/relay-socket.ts';

class FakeSocket implements SocketLike {
  readyState = 0 as const;
  onopen: SocketLike['onopen'] = null;
  onclose: SocketLike['onclose'] = null;
  onmessage: SocketLike['onmessage'] = null;
  readonly sent: string[] = [];
  isClosed = false;
  answers = true;
  send(text: unknown): void {
    this.sent.push(text as string);
    if (this.answers) this.onmessage?.({ data: '{"action":"scrape","files":{}}' });
  }
  close(): void {
    this.isClosed = true;
  }
}

class TestPorts implements SocketPorts {
  nowMs = 0;
  readonly sockets: FakeSocket[] = [];
  #timers: { atMs: number; run: () => void }[] = [];
  open = (): SocketLike => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };
  after = (ms: number, run: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((one) => one !== timer));
  };
  now = (): number => this.nowMs;
  random = (): number => 1;
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
  }
  /** All at once, late: as after a sleep. */
  sleep(ms: number): void {
    this.nowMs += ms;
    this.pass(0);
  }
  get last(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

function begin(): { ports: TestPorts; socket: RelaySocket; seen: string[] } {
  const ports = new TestPorts();
  const socket = new RelaySocket('wss://a.example', ports);
  const seen: string[] = [];
  socket.on('open', () => seen.push(`open ${ports.nowMs}`));
  socket.on('up', () => seen.push(`up ${ports.nowMs}`));
  socket.on('down', ({ reason }) => seen.push(`${reason} ${ports.nowMs}`));
  return { ports, socket, seen };
}

describe('RelaySocket', () => {
  it('bears a relay that takes its time over every answer', () => {
    const { ports, seen } = begin();
    ports.last.answers = false;
    ports.last.onopen?.();
    for (let i = 0; i < 20; i++) {
      ports.pass(ANSWER_MS - 1);
      ports.last.onmessage?.({ data: '{}' });
      ports.pass(PING_MS);
    }
    expect(seen).toEqual(['open 0']);
  });

  it('stays quiet while the relay answers its pings', () => {
    const { ports, seen } = begin();
    ports.last.onopen?.();
    ports.pass(60_000);
    expect(seen).toEqual(['open 0']);
    expect(ports.last.sent).toHaveLength(1 + 60_000 / PING_MS);
  });

  it('notices a relay that freezes within 2.5 s', () => {
    const { ports, seen } = begin();
    ports.last.onopen?.();
    ports.pass(10_100);
    ports.last.answers = false;
    ports.pass(PING_MS + ANSWER_MS);
    expect(seen).toEqual(['open 0', `silent ${11_000 + ANSWER_MS}`]);
    expect(ports.sockets[0]!.isClosed).toBe(true);
  });

  it('notices at once a relay that closes, and says when it is about to stop', () => {
    const { ports, seen } = begin();
    ports.last.onopen?.();
    ports.last.onclose?.({ code: 1006 });
    ports.pass(600);
    ports.last.onopen?.();
    ports.last.onclose?.({ code: 1012 });
    expect(seen).toEqual(['open 0', 'closed 0', 'open 600', 'draining 600']);
  });

  it('gives up an upgrade that hangs', () => {
    const { ports, seen } = begin();
    ports.pass(OPEN_MS);
    expect(seen).toEqual([`unreachable ${OPEN_MS}`]);
  });

  it('tries again later and later, 15 s apart at most', () => {
    const { ports } = begin();
    const triedAtMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      triedAtMs.push(ports.nowMs);
      const tries = ports.sockets.length;
      ports.last.onclose?.({ code: 1006 });
      while (ports.sockets.length === tries) ports.pass(100);
    }
    const waits = triedAtMs.slice(1).map((atMs, i) => atMs - triedAtMs[i]!);
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  it('counts as up again only when it has stayed', () => {
    const { ports, seen } = begin();
    ports.last.onclose?.({ code: 1006 });
    ports.pass(500);
    ports.last.onopen?.();
    ports.pass(SETTLE_MS - 1);
    expect(seen).toEqual(['unreachable 0', 'open 500']);
    ports.pass(1);
    expect(seen.at(-1)).toBe(`up ${500 + SETTLE_MS}`);
  });

  it('does not take its own sleep for the death of the relay', () => {
    const { ports, seen } = begin();
    ports.last.onopen?.();
    ports.pass(10_000);
    ports.last.answers = false; // the answer to the next ping lies unread while the page sleeps
    ports.pass(ANSWER_MS);
    ports.last.answers = true;
    ports.sleep(60_000);
    ports.pass(10_000);
    expect(seen).toEqual(['open 0']);
  });

  it('sends nothing while it is not open, and says so', () => {
    const { ports, socket } = begin();
    expect(socket.send('x')).toBe(false);
    ports.last.onopen?.();
    expect(socket.send('x')).toBe(true);
    socket.close();
    expect(socket.send('x')).toBe(false);
    ports.pass(60_000);
    expect(ports.sockets).toHaveLength(1);
  });
});
