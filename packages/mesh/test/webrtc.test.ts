// When a connection is worked on, mended and given up. The connection is scripted: real ones cannot be made to falter at will.
// test/integration/glare.test.ts has real ones.
import { webRtc } from '../src/webrtc.ts';
import type { Signal, Transport } from '../src/transport.ts';

interface Alarm {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock in place of the machine's, for setTimeout and clearTimeout. */
class Clock {
  readonly #alarms = new Set<Alarm>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  #nowMs = 0;

  constructor() {
    const set = (run: () => void, ms = 0): Alarm => {
      const alarm = { atMs: this.#nowMs + ms, run };
      this.#alarms.add(alarm);
      return alarm;
    };
    globalThis.setTimeout = set as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((alarm: Alarm) =>
      this.#alarms.delete(alarm)) as unknown as typeof clearTimeout;
  }

  get waiting(): number {
    return this.#alarms.size;
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const alarm of this.#alarms) {
      if (alarm.atMs > this.#nowMs || !this.#alarms.delete(alarm)) continue;
      alarm.run();
    }
    await settled();
  }

  restore(): void {
    Object.assign(globalThis, this.#real);
  }
}

/** Promises that wait for each other have come to their end. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
};

const connections: ScriptedConnection[] = [];

class ScriptedConnection {
  connectionState = 'new';
  localDescription: { sdp: string } | undefined;
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: unknown = null;
  ondatachannel: ((event: { channel: object }) => void) | null = null;
  readonly channel: { readyState: string; onopen?: () => void; close: () => void } = {
    readyState: 'connecting',
    close: () => undefined,
  };
  readonly offers: { iceRestart?: boolean }[] = [];
  isClosed = false;

  constructor() {
    connections.push(this);
  }

  createDataChannel(): object {
    return this.channel;
  }

  createOffer(options: { iceRestart?: boolean }): Promise<{ sdp: string }> {
    this.offers.push(options);
    return Promise.resolve({ sdp: `offer ${this.offers.length}` });
  }

  createAnswer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: 'answer' });
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.channel.readyState = 'open';
    this.channel.onopen?.();
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

let clock: Clock;
let events: string[];
let signals: Signal[];
let transport: Transport;

beforeEach(() => {
  clock = new Clock();
  events = [];
  signals = [];
  connections.length = 0;
  transport = webRtc({ RTCPeerConnection: ScriptedConnection as unknown as typeof RTCPeerConnection })('me', {
    accepts: () => true,
    signal: (_, signal) => void signals.push(signal),
    opened: () => void events.push('opened'),
    closed: () => void events.push('closed'),
    failed: () => void events.push('failed'),
    received: () => undefined,
    drained: () => undefined,
  });
});

afterEach(() => clock.restore());

const types = (): unknown[] => signals.map(({ type }) => type);

async function dialled(): Promise<ScriptedConnection> {
  transport.dial('peer', false);
  await settled();
  connections[0]!.open();
  return connections[0]!;
}

it('that is "disconnected" and comes back is the same link', async () => {
  const connection = await dialled();
  connection.become('disconnected');
  await clock.pass(2_000);
  connection.become('connected');
  await clock.pass(60_000);
  expect(events).toEqual(['opened']);
  expect(types()).toEqual(['offer']);
  expect(connection.isClosed).toBe(false);
});

it('that stays so looks for a new path, which whoever has offered offers', async () => {
  const connection = await dialled();
  connection.become('disconnected');
  await clock.pass(2_600);
  expect(connection.offers).toEqual([{ iceRestart: false }, { iceRestart: true }]);
  expect(types()).toEqual(['offer', 'offer']);
  connection.become('connected');
  await clock.pass(60_000);
  expect(events).toEqual(['opened']);
});

it('that "failed" looks for one at once', async () => {
  const connection = await dialled();
  connection.become('failed');
  await clock.pass(0);
  expect(connection.offers).toEqual([{ iceRestart: false }, { iceRestart: true }]);
});

it('asks the other side for a new path where that has offered', async () => {
  transport.signalled('peer', { session: 's', type: 'offer', sdp: 'theirs' });
  await settled();
  const [connection] = connections;
  connection!.ondatachannel!({ channel: connection!.channel });
  connection!.open();
  connection!.become('disconnected');
  await clock.pass(2_600);
  expect(types()).toEqual(['answer', 'restart']);
});

it('is given up when no path is found, once, and nothing is left of it', async () => {
  const connection = await dialled();
  connection.become('disconnected');
  await clock.pass(2_600);
  connection.become('failed');
  await clock.pass(6_500);
  expect(events).toEqual(['opened', 'closed']);
  expect(connection.isClosed).toBe(true);
  expect(clock.waiting).toBe(0);
  connection.become('closed');
  expect(events).toEqual(['opened', 'closed']);
});

it('that we close while it looks for a new path leaves nothing that waits', async () => {
  const connection = await dialled();
  connection.become('disconnected');
  transport.close('peer');
  expect(connection.isClosed).toBe(true);
  expect(clock.waiting).toBe(0);
  await clock.pass(60_000);
  expect(events).toEqual(['opened']);
});

it('that fails before it opens makes room at once', async () => {
  transport.dial('peer', false);
  await settled();
  connections[0]!.become('failed');
  expect(events).toEqual(['failed']);
  expect(connections[0]!.isClosed).toBe(true);
  expect(clock.waiting).toBe(0);
});

it('that the other side refuses has failed', async () => {
  transport.dial('peer', false);
  await settled();
  transport.signalled('peer', { session: signals[0]!['session'], type: 'refuse' });
  await settled();
  expect(events).toEqual(['failed']);
  expect(connections[0]!.isClosed).toBe(true);
});
