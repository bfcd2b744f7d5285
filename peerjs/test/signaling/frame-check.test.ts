import { silentLog, type Log } from '@relay-swarm/kit';
import { AddressBuckets, newBucket, Payments } from '@relay-swarm/net';
import type { ClientSocket } from '../../src/client-socket.ts';
import { Counters } from '../../src/counters.ts';
import type { Delivery } from '../../src/signaling/engine.ts';
import { BYTES_PER_MESSAGE, FrameCheck } from '../../src/signaling/frame-check.ts';
import type { Relayed } from '../../src/signaling/message.ts';

const messages = { perSecond: 10, burst: 20 };
const plenty = { perSecond: 1_000_000, burst: 1_000_000 };

function setUp({ delivery = 'delivered', log = silentLog }: { delivery?: Delivery | Error; log?: Log } = {}) {
  let nowMs = 0;
  const ended: string[] = [];
  const relayed: { message: Relayed; bytes: number }[] = [];
  const counters = new Counters();
  const end = (_socket: ClientSocket, reason: string): void => void ended.push(reason);
  const addresses = new AddressBuckets(plenty);
  const payments = new Payments<ClientSocket>({
    own: messages,
    addresses,
    pieceCost: 0.1,
    bytesPerMessage: BYTES_PER_MESSAGE,
    monotonicMs: () => nowMs,
    end: (socket) => end(socket, 'message_rate'),
  });
  const check = new FrameCheck({
    limits: { idCharsMax: 64, faultsMax: 100 },
    payments,
    relay: (_sender, message, bytes) => {
      if (delivery instanceof Error) throw delivery;
      relayed.push({ message, bytes });
      return delivery;
    },
    end,
    counters,
    log,
    clock: { monotonicMs: () => nowMs, wallClockMs: () => nowMs, random: () => 0 },
  });
  const socket = {
    ...newBucket(messages, 0),
    id: 'alice',
    isOpen: true,
    isResting: false,
    faults: 0,
    heardAtMs: 0,
    account: addresses.enter('a', 0),
    restedMs: 0,
    sent: [] as string[],
    rest(milliseconds: number) {
      this.restedMs = milliseconds;
    },
    send(text: string) {
      this.sent.push(text);
    },
  };
  const asSocket = socket as unknown as ClientSocket;
  /** Whether the engine got it. */
  const say = (text: string, isBinary = false): boolean => {
    const before = relayed.length;
    payments.restMs(asSocket, Buffer.byteLength(text)); // as it arrives
    check.take(asSocket, Buffer.from(text), isBinary);
    return relayed.length > before;
  };
  const at = (ms: number): number => (nowMs = ms);
  const tokens = (): number => socket.thousandths / 1000;
  return { check, asSocket, socket, relayed, ended, counters, say, at, tokens };
}

describe('FrameCheck', () => {
  it('hears nothing from a socket that is being closed: its id may be another client’s by now', () => {
    const { socket, say, counters } = setUp();
    socket.isOpen = false;
    expect(say('{"type":"LEAVE","dst":"bob"}')).toBe(false);
    expect(counters.framesIn).toBe(0);
  });

  it('takes as much for a ping, a pong or a fragment as for a message', () => {
    const { check, asSocket, tokens } = setUp();
    check.takeControl(asSocket);
    expect(tokens()).toBe(19);
  });

  it('keeps heartbeats to itself', () => {
    const { socket, say, counters, at } = setUp();
    at(500);
    expect(say('{"type":"HEARTBEAT"}')).toBe(false);
    expect(say('{"type":"HEARTBEAT", "dst":"bob"}')).toBe(false);
    expect([counters.heartbeats, socket.heardAtMs, socket.faults]).toEqual([2, 500, 0]);
  });

  it('lets a message pass as it was read, and counts it', () => {
    const { say, counters, relayed } = setUp();
    expect(say('{"type":"OFFER","dst":"bob","payload":1,"src":"forged"}')).toBe(true);
    expect([counters.framesIn, counters.framesOut]).toEqual([1, 1]);
    expect(relayed[0]!.message).toEqual({ type: 'OFFER', dst: 'bob', payload: 1 });
  });

  it('makes long frames and faults dearer', () => {
    const { socket, say, tokens } = setUp();
    say('{"type":"LEAVE","dst":"bob"}');
    expect(tokens()).toBeCloseTo(19, 1);
    say(JSON.stringify({ type: 'OFFER', dst: 'bob', payload: 'x'.repeat(8192) }));
    expect(tokens()).toBeCloseTo(16, 1);
    say('{"type":"LEAVE"}');
    expect(tokens()).toBeCloseTo(6, 1);
    expect(socket.faults).toBe(1);
  });

  it('makes a payload of many values as dear as the memory that they take, and says so to the engine', () => {
    const { say, tokens, relayed } = setUp();
    const text = `{"type":"OFFER","dst":"bob","payload":[${Array(213).fill('{}').join()}]}`;
    say(text); // 20 KiB in memory
    expect(tokens()).toBeCloseTo(14, 0);
    expect(relayed[0]!.bytes).toBe(text.length + 214 * 96);
  });

  it('does not let a payload pass that makes its sender a whole burst in debt', () => {
    const { say, ended, counters } = setUp();
    expect(say(`{"type":"OFFER","dst":"bob","payload":[${Array(2_000).fill('{}').join()}]}`)).toBe(false);
    expect([ended, counters.framesOut]).toEqual([['message_rate'], 0]);
  });

  it.each(['receiver_slow', 'queue_full'] as const)(
    'tells who offers that it cannot be delivered (%s), and takes that for nobody’s fault',
    (delivery) => {
      const { socket, say, counters, tokens } = setUp({ delivery });
      say('{"type":"OFFER","dst":"bob"}');
      expect(socket.sent).toEqual(['{"type":"EXPIRE","src":"bob","dst":"alice"}']);
      expect(tokens()).toBeCloseTo(10, 1);
      const { refusedFrames, framesOut } = counters;
      expect([socket.faults, framesOut, refusedFrames.counts]).toEqual([0, 0, { [delivery]: 1 }]);
      say('{"type":"CANDIDATE","dst":"bob"}');
      expect(socket.sent).toHaveLength(1);
    },
  );

  it.each(['queued', 'dropped'] as const)('says nothing of what was %s', (delivery) => {
    const { socket, say, counters } = setUp({ delivery });
    say('{"type":"OFFER","dst":"bob"}');
    expect([socket.sent, counters.framesOut, counters.refusedFrames.counts]).toEqual([[], 0, {}]);
  });

  it('lets the debtor rest until the debt is paid, and ends who is a whole burst in debt', () => {
    const { socket, say, ended } = setUp();
    const frame = '{"type":"LEAVE","dst":"bob"}';
    for (let i = 0; i < 19; i++) say(frame);
    expect(socket.restedMs).toBe(0);
    for (let i = 0; i < 11; i++) say(frame);
    expect(socket.restedMs).toBeGreaterThan(1_000);
    expect(ended).toEqual([]);
    for (let i = 0; i < 11; i++) say(frame);
    expect(ended[0]).toBe('message_rate');
  });

  it('tells at once that nobody can have such an id, for offers only', () => {
    const { socket, say } = setUp();
    say('{"type":"CANDIDATE","dst":"no such id!"}');
    expect(socket.sent).toEqual([]);
    say('{"type":"OFFER","dst":"no such id!"}');
    expect(socket.sent).toEqual(['{"type":"EXPIRE","src":"no such id!","dst":"alice"}']);
    expect(socket.faults).toBe(2);
  });

  it('takes what cannot be read for the client’s fault', () => {
    const { socket, say, counters } = setUp();
    for (const text of ['not json', 'null', '{"type":"KICK","dst":"bob"}']) say(text);
    say('{"type":"HEARTBEAT"}', true);
    expect(counters.refusedFrames.counts).toEqual({
      not_json: 1,
      not_an_object: 1,
      unknown_type: 1,
      binary: 1,
    });
    expect(socket.faults).toBe(4);
  });

  it('takes what the engine throws for a fault of ours', () => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (text: string) => void errors.push(text) };
    const { socket, ended, say } = setUp({ delivery: new TypeError('from the engine'), log });
    say('{"type":"OFFER","dst":"bob"}');
    expect([socket.faults, errors.length, ended]).toEqual([0, 1, ['internal_error']]);
  });
});
