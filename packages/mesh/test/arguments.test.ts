// What the calls of a room refuse: values that nothing could be done with, or that would arrive as something else.
import type { MeshError } from '../src/errors.ts';
import { join } from '../src/join.ts';
import { keepRoom } from '../src/keep-room.ts';
import { meshUrls } from '../src/mesh-urls.ts';
import type { Room } from '../src/room.ts';
import { webRtc } from '../src/webrtc.ts';

class Unused {
  readonly isUsed = false;
}
const unused = Unused as unknown as typeof RTCPeerConnection;
const someone = 'ab'.repeat(32);
/** Whatever a program without types might hand over. */
const any = (value: unknown): never => value as never;

let room: Room;

beforeAll(async () => {
  const Socket = unused as unknown as typeof WebSocket; // the room has no server
  room = await join('arguments', { signaling: [], WebSocket: Socket, RTCPeerConnection: unused });
});
afterAll(() => room.abandon());

async function complaint(call: () => unknown): Promise<string> {
  try {
    await call();
    return '';
  } catch (error) {
    const { name, code, message } = error as MeshError;
    return `${name} ${code}: ${message}`;
  }
}

const UNKNOWN = 'one of channel, signal';
it.each<[string, () => unknown, string]>([
  [
    'a time-out of nothing',
    () => room.request(someone, 1, { timeoutMs: 0 }),
    'timeoutMs 0: wanted a number above 0 to 2147483647',
  ],
  [
    'a negative time-out',
    () => room.request(someone, 1, { timeoutMs: -5 }),
    'timeoutMs -5: wanted a number above 0 to 2147483647',
  ],
  [
    'a time-out that is no number',
    () => room.request(someone, 1, { timeoutMs: any('9') }),
    'timeoutMs "9": wanted a number above 0 to 2147483647',
  ],
  [
    'NaN',
    () => room.request(someone, 1, { timeoutMs: Number.NaN }),
    'timeoutMs NaN: wanted a number above 0 to 2147483647',
  ],
  [
    'a time-out that timers cannot hold',
    () => room.request(someone, 1, { timeoutMs: 2 ** 31 }),
    'timeoutMs 2147483648: wanted a number above 0 to 2147483647',
  ],
  [
    'a channel that is no text',
    () => room.broadcast('x', { channel: any(5) }),
    'channel 5: wanted text of at most 128 bytes',
  ],
  [
    'a channel too long',
    () => room.send(someone, 'x', { channel: 'ü'.repeat(65) }),
    `channel "${'ü'.repeat(65)}": wanted text of at most 128 bytes`,
  ],
  ['a channel of listeners', () => room.messages(any(5)), 'channel 5: wanted text of at most 128 bytes'],
  [
    'a channel of a handler',
    () => room.onRequest(any(5), () => 1),
    'channel 5: wanted text of at most 128 bytes',
  ],
  [
    'a signal that is none',
    () => room.broadcast('x', { signal: any({}) }),
    'signal [object Object]: wanted an AbortSignal',
  ],
  [
    'a signal of listeners that is none',
    () => room.messages('x', { signal: any('s') }),
    'signal "s": wanted an AbortSignal',
  ],
  [
    'a signal of an event that is none',
    () => room.on('left', () => undefined, { signal: any(1) }),
    'signal 1: wanted an AbortSignal',
  ],
  [
    'a flag that is none',
    () => room.broadcast('x', { isOrdered: any('yes') }),
    'isOrdered "yes": wanted true or false',
  ],
  ['another flag', () => room.broadcast('x', { isLatest: any(1) }), 'isLatest 1: wanted true or false'],
  [
    'an option of another call',
    () => room.send(someone, 'x', any({ timeoutMs: 5 })),
    `timeoutMs 5: wanted ${UNKNOWN}`,
  ],
  [
    'a mistyped option',
    () => room.broadcast('x', any({ chanel: 'a' })),
    'chanel "a": wanted one of channel, signal, isOrdered, isLatest',
  ],
  [
    'an inherited name',
    () => room.broadcast('x', any({ toString: 1 })),
    'toString 1: wanted one of channel, signal, isOrdered, isLatest',
  ],
  ['a handler that is none', () => room.onRequest('x', any('f')), 'handler "f": wanted a function'],
  ['a listener that is none', () => room.on('left', any(undefined)), 'listener undefined: wanted a function'],
  [
    'an event that is none',
    () => room.on(any('memberJoined'), () => undefined),
    'event "memberJoined": wanted one of message, memberjoined, memberleft, viewchanged, server, refused, passed, left',
  ],
  [
    'a server that is none',
    () => room.useServers(['wss://a.example/mesh', 'a']),
    'signaling "a": wanted a URL that begins with wss:// or ws://',
  ],
  [
    'relays that are none',
    () => meshUrls(any('wss://a'), { name: 'x' }),
    'relays "wss://a": wanted a list, such as that of a Roster',
  ],
  ['a room without a name', () => meshUrls([], any({})), "the room's name undefined: wanted text"],
  ['a count of relays', () => meshUrls([], { name: 'x' }, 0), 'count 0: wanted a whole number from 1'],
  [
    'a choice that is none',
    () => keepRoom(room, any({})),
    'choice [object Object]: wanted a RelayChoice of @relay-swarm/client',
  ],
  [
    'ICE servers of one’s own transport',
    () => webRtc({ iceServers: [{ urls: 'turn:a' }] }),
    'iceServers with urls "turn:a": wanted a username and a credential beside them',
  ],
])('%s', async (_, call, sentence) => {
  expect(await complaint(call)).toBe(`MeshError BAD_OPTION: Cannot use ${sentence}`);
});

it.each<[unknown, string]>([
  [undefined, '[object Undefined]'],
  [new ArrayBuffer(2), '[object ArrayBuffer]'],
  [new Uint16Array(2), '[object Uint16Array]'],
  [new Map(), '[object Map]'],
  [Promise.resolve(1), '[object Promise]'],
  [() => 1, '[object Function]'],
  [5n, '[object BigInt]'],
])('data %s, which would arrive as something else', async (data, type) => {
  const refusal = `MeshError BAD_DATA: Cannot send ${type}: wanted bytes (Uint8Array), text, or JSON`;
  expect(await complaint(() => room.broadcast(any(data)))).toBe(refusal);
});

it('data within which is what JSON cannot say', async () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const data of [circle, { n: 5n }]) {
    expect(await complaint(() => room.broadcast(any(data)))).toMatch(
      /^MeshError BAD_DATA: .*JSON; .*(circular|BigInt)/s,
    );
  }
});

it('oneself, and whoever is not there', async () => {
  expect(await complaint(() => room.send(room.id, 'x'))).toBe(
    `MeshError UNREACHABLE: Cannot reach ${room.id}: that is this member itself`,
  );
  expect(await complaint(() => room.request(any(7), 'x'))).toBe(
    'MeshError UNREACHABLE: Cannot reach 7: it is not in the room',
  );
});

it('takes what can be done', async () => {
  const { signal } = new AbortController();
  for (const data of [new Uint8Array(1), '', 0, false, null, [], {}, Object.create(null)]) {
    await room.broadcast(any(data), { channel: 'x'.repeat(128), signal, isOrdered: true, isLatest: false });
  }
  room.on('left', () => undefined, { signal })();
  room.onRequest('', () => undefined)();
  await room.messages(undefined, { signal }).return?.();
});
