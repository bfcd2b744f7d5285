// Options that cannot be used are refused before anything is done, all of them at once.
import { checkJoinOptions, type JoinOptions } from '../src/join-options.ts';

const good = {
  signaling: 'wss://a.example/mesh',
  WebSocket: Function as unknown as typeof WebSocket,
  RTCPeerConnection: Function as unknown as typeof RTCPeerConnection,
} satisfies JoinOptions;

const complaint = (options: object, name: unknown = 'room'): string => {
  try {
    checkJoinOptions(name as string, { ...good, ...options });
    return '';
  } catch (error) {
    expect(error).toMatchObject({ name: 'MeshError', code: 'BAD_OPTION' });
    return (error as Error).message;
  }
};

it('takes what can be done', () => {
  expect(complaint({})).toBe('');
  expect(complaint({ signaling: [] })).toBe('');
  const iceServers = [{ urls: 'stun:a:3478' }, { urls: ['turns:b'], username: 'u', credential: 'c' }];
  expect(complaint({ iceServers })).toBe('');
  expect(complaint({ connectionsTarget: 3, connectionsMax: 3, isAdaptive: true, password: '' })).toBe('');
  expect(complaint({ floodBytesMax: 0, floodLinksMax: Number.POSITIVE_INFINITY, wantDelayRtts: 0.5 })).toBe(
    '',
  );
});

it.each([
  [{ connectionsMax: 0 }, 'Cannot use connectionsMax 0: wanted a whole number from 1 to 62'],
  [{ connectionsMax: 63 }, 'Cannot use connectionsMax 63: wanted a whole number from 1 to 62'],
  [{ connectionsTarget: 2.5 }, 'Cannot use connectionsTarget 2.5: wanted a whole number from 1'],
  [{ connectionsTarget: 11 }, 'Cannot use connectionsTarget 11: wanted at most connectionsMax, which is 10'],
  [{ connectionsMax: 4 }, 'Cannot use connectionsTarget 6: wanted at most connectionsMax, which is 4'],
  [{ membersMax: -1 }, 'Cannot use membersMax -1: wanted a whole number from 1'],
  [{ messageBytesMax: 1e9 }, 'Cannot use messageBytesMax 1000000000: wanted a number above 0 to 67092480'],
  [{ pingMs: 0 }, 'Cannot use pingMs 0: wanted a number above 0'],
  [{ wantDelayMs: -1 }, 'Cannot use wantDelayMs -1: wanted a number from 0'],
  [{ silenceMs: Number.NaN }, 'Cannot use silenceMs NaN: wanted a number above 0'],
  [{ keptMs: '60' }, 'Cannot use keptMs "60": wanted a number from 0'],
  [{ tree: 'prim' }, 'Cannot use tree "prim": wanted a function'],
  [{ isRepairing: 1 }, 'Cannot use isRepairing 1: wanted a boolean'],
  [{ conectionsMax: 12 }, 'Cannot use conectionsMax 12: wanted a name that is an option'],
  [{ toString: 1 }, 'Cannot use toString 1: wanted a name that is an option'],
  [{ password: 1234 }, 'Cannot use password of type "number": wanted text'],
  [{ iceServers: 'stun:a' }, 'Cannot use iceServers "stun:a": wanted a list'],
  [{ signal: {} }, 'Cannot use signal [object Object]: wanted an AbortSignal'],
  [{ keyPair: {} }, 'Cannot use keyPair [object Object]: wanted keys of Ed25519, of WebCrypto'],
  [{ transport: 'tcp' }, 'Cannot use transport "tcp": wanted a function, such as webRtc()'],
  [{ signaling: undefined }, 'Cannot use signaling undefined: wanted a URL that begins with wss:// or ws://'],
  [{ signaling: [7] }, 'Cannot use signaling 7: wanted a URL that begins with wss:// or ws://'],
  [
    { iceServers: [{ urls: 'http://a' }] },
    'Cannot use iceServers with urls "http://a": wanted stun:…, stuns:…, turn:… or turns:…',
  ],
  [{ iceServers: [null] }, 'Cannot use iceServers with urls "": wanted stun:…, stuns:…, turn:… or turns:…'],
  [
    { iceServers: [{ urls: ['stun:a', 'turn:b'], username: 'u' }] },
    'Cannot use iceServers with urls "stun:a,turn:b": wanted a username and a credential beside them',
  ],
])('%j: %s', (options, sentence) => {
  expect(complaint(options)).toBe(sentence);
});

it('takes keys of its own kind only', async () => {
  const pair = async (name: string): Promise<unknown> =>
    crypto.subtle.generateKey({ name, namedCurve: 'P-256' }, false, ['sign', 'verify']);
  expect(complaint({ keyPair: await pair('Ed25519') })).toBe('');
  expect(complaint({ keyPair: await pair('ECDSA') })).toContain('wanted keys of Ed25519');
  const { publicKey } = (await pair('Ed25519')) as CryptoKeyPair;
  expect(complaint({ keyPair: { publicKey, privateKey: publicKey } })).toContain('wanted keys of Ed25519');
});

it('wants options at all', () => {
  expect(() => checkJoinOptions('room', undefined as unknown as JoinOptions)).toThrow(
    'Cannot use options undefined: wanted { signaling }',
  );
});

it('says where a class is missing how to come by one', () => {
  const inNode = 'wanted a class: joinFromNode of @relay-swarm/mesh/node brings one';
  expect(complaint({ WebSocket: undefined, RTCPeerConnection: undefined })).toBe(
    `Cannot use WebSocket undefined: ${inNode}; Cannot use RTCPeerConnection undefined: ${inNode}`,
  );
});

it('names everything that is wrong at once, and never the password', () => {
  const sentence = complaint(
    { signaling: ['https://a.example', 'ws://'], password: 987_654, pingMs: -5 },
    '',
  );
  expect(sentence.split('; ')).toEqual([
    'Cannot use signaling "https://a.example": wanted a URL that begins with wss:// or ws://',
    'Cannot use signaling "ws://": wanted a URL that begins with wss:// or ws://',
    'Cannot use the room\'s name "": wanted text',
    'Cannot use password of type "number": wanted text',
    'Cannot use pingMs -5: wanted a number above 0',
  ]);
  expect(sentence).not.toContain('987');
});
