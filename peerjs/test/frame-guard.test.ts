import { silentLog, type Log } from '@relay-swarm/kit';
import { newBucket } from '@relay-swarm/net';
import { AbsentPeers } from '../src/absent.ts';
import { Counters } from '../src/counters.ts';
import { FrameGuard } from '../src/frame-guard.ts';
import type { ClientSocket } from '../src/socket.ts';

const messages = { perSecond: 10, burst: 20 };
const plenty = { perSecond: 1_000_000, burst: 1_000_000 };

function setUp(log: Log = silentLog) {
  let nowMs = 0;
  const ended: string[] = [];
  const receiver = { waitingBytes: 0 };
  const counters = new Counters();
  const guard = new FrameGuard({
    limits: { idCharsMax: 64, faultsMax: 100, messages, messagesPerAddress: plenty, waitingBytesMax: 1_000 },
    absent: new AbsentPeers({
      queuedPerPeerMax: 2,
      queuedBytesPerPeerMax: 20_000,
      queuedBytesMax: 1e6,
      keptMs: 7_000,
    }),
    find: (id) => (id === 'bob' ? receiver : undefined),
    end: (_socket, reason) => void ended.push(reason),
    fail: () => void ended.push('bug'),
    counters,
    log,
    world: { nowMs: () => nowMs, unixMs: () => nowMs, random: () => 0 },
  });
  const socket = {
    ...newBucket(messages, 0),
    id: 'alice',
    isOpen: true,
    isResting: false,
    faults: 0,
    heardAtMs: 0,
    caller: { key: '', connections: 1, requests: newBucket(plenty, 0), messages: newBucket(plenty, 0) },
    restedMs: 0,
    sent: [] as string[],
    rest(milliseconds: number) {
      this.restedMs = milliseconds;
    },
    send(text: string) {
      this.sent.push(text);
    },
  };
  const admits = (text: string, isBinary = false): boolean =>
    guard.admits(socket as unknown as ClientSocket, Buffer.from(text), isBinary);
  /** What `peer` does with a frame that was admitted. */
  const speak = (text: string): boolean => {
    if (!admits(text)) return false;
    try {
      guard.look(JSON.parse(text));
      return true;
    } catch (error) {
      guard.failed(error);
      return false;
    }
  };
  return { guard, socket, receiver, ended, counters, admits, speak, at: (ms: number) => (nowMs = ms) };
}

describe('FrameGuard', () => {
  it('hears nothing from a socket that is being closed: its id may be another client’s by now', () => {
    const { socket, admits, counters } = setUp();
    socket.isOpen = false;
    expect(admits('{"type":"LEAVE","dst":"bob"}')).toBe(false);
    expect(counters.framesIn).toBe(0);
  });

  it('takes no money for a pong that it has asked for', () => {
    const { guard, socket } = setUp();
    guard.admitsControl(socket as unknown as ClientSocket, true);
    expect(socket.thousandths / 1000).toBe(20);
    guard.admitsControl(socket as unknown as ClientSocket, false);
    expect(socket.thousandths / 1000).toBe(19);
  });

  it('keeps heartbeats to itself', () => {
    const { socket, admits, counters, at } = setUp();
    at(500);
    expect(admits('{"type":"HEARTBEAT"}')).toBe(false);
    expect([counters.heartbeats, socket.heardAtMs]).toEqual([1, 500]);
  });

  it('lets a message pass and counts it', () => {
    const { speak, counters } = setUp();
    expect(speak('{"type":"OFFER","dst":"bob","payload":1}')).toBe(true);
    expect([counters.framesIn, counters.framesOut]).toEqual([1, 1]);
  });

  it('makes long frames and faults dearer', () => {
    const { socket, speak } = setUp();
    speak('{"type":"LEAVE","dst":"bob"}');
    expect(socket.thousandths / 1000).toBeCloseTo(19, 1);
    speak(JSON.stringify({ type: 'OFFER', dst: 'bob', payload: 'x'.repeat(8192) }));
    expect(socket.thousandths / 1000).toBeCloseTo(16, 1);
    speak('{"type":"LEAVE"}');
    expect(socket.thousandths / 1000).toBeCloseTo(6, 1);
    expect(socket.faults).toBe(1);
  });

  it('makes a payload of many values as dear as the memory that they take', () => {
    const { socket, speak } = setUp();
    const values = (count: number): string => Array(count).fill('{}').join();
    speak(`{"type":"OFFER","dst":"bob","payload":[${values(213)}]}`); // 20 KiB in memory
    expect(socket.thousandths / 1000).toBeCloseTo(14, 0);
    expect(speak(`{"type":"OFFER","dst":"late","payload":[${values(100)}]}`)).toBe(true);
    expect(speak(`{"type":"OFFER","dst":"late","payload":[${values(100)}]}`)).toBe(false);
    expect(socket.sent).toEqual(['{"type":"EXPIRE","src":"late","dst":"alice"}']);
  });

  it('does not let a payload pass that makes its sender a whole burst in debt', () => {
    const { speak, ended, counters } = setUp();
    expect(speak(`{"type":"OFFER","dst":"bob","payload":[${Array(2_000).fill('{}').join()}]}`)).toBe(false);
    expect([ended, counters.framesOut]).toEqual([['message_rate'], 0]);
  });

  it('passes nothing more on to who does not read, and takes that for nobody’s fault', () => {
    const { socket, receiver, speak, counters } = setUp();
    receiver.waitingBytes = 1_001;
    expect(speak('{"type":"OFFER","dst":"bob"}')).toBe(false);
    expect(socket.sent).toEqual(['{"type":"EXPIRE","src":"bob","dst":"alice"}']);
    expect(socket.thousandths / 1000).toBeCloseTo(10, 1);
    expect([socket.faults, counters.framesOut, counters.refusedFrames.counts]).toEqual([
      0,
      0,
      { receiver_slow: 1 },
    ]);
    receiver.waitingBytes = 1_000;
    expect(speak('{"type":"OFFER","dst":"bob"}')).toBe(true);
  });

  it('takes a full queue for nobody’s fault: a stranger may have filled it', () => {
    const { socket, speak, counters } = setUp();
    for (let i = 0; i < 3; i++) speak('{"type":"OFFER","dst":"late"}');
    expect([socket.faults, counters.refusedFrames.counts]).toEqual([0, { queue_full: 1 }]);
  });

  it('lets the debtor rest until the debt is paid, and ends who is a whole burst in debt', () => {
    const { socket, speak, ended } = setUp();
    const frame = '{"type":"LEAVE","dst":"bob"}';
    for (let i = 0; i < 19; i++) speak(frame);
    expect(socket.restedMs).toBe(0);
    for (let i = 0; i < 11; i++) speak(frame);
    expect(socket.restedMs).toBeGreaterThan(1_000);
    expect(ended).toEqual([]);
    for (let i = 0; i < 11; i++) speak(frame);
    expect(ended[0]).toBe('message_rate');
  });

  it('tells at once what cannot be delivered, for offers only and in the sender’s words', () => {
    const { socket, speak } = setUp();
    speak('{"type":"CANDIDATE","dst":"no such id!"}');
    expect(socket.sent).toEqual([]);
    speak('{"type":"OFFER","dst":"no such id!"}');
    expect(socket.sent).toEqual(['{"type":"EXPIRE","src":"no such id!","dst":"alice"}']);
  });

  it('does not repeat a destination of any length', () => {
    const { socket, speak } = setUp();
    speak(JSON.stringify({ type: 'OFFER', dst: '!'.repeat(257) }));
    expect(socket.sent).toEqual([]);
  });

  it('takes what goes wrong while reading for the client’s fault, and after it for ours', () => {
    const errors: string[] = [];
    const { guard, socket, ended, admits } = setUp({ ...silentLog, error: (text) => void errors.push(text) });
    admits('not json');
    guard.failed(new SyntaxError('from JSON.parse'));
    expect([socket.faults, errors.length]).toEqual([1, 0]);
    admits('{"type":"OFFER","dst":"bob"}');
    guard.look({ type: 'OFFER', dst: 'bob' });
    guard.failed(new TypeError('from peer'));
    expect([socket.faults, errors.length, ended]).toEqual([1, 1, ['bug']]);
  });
});
