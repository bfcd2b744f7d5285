// What an application may ask for when it joins a room; what cannot be done is said at once, all of it together.
import { CHUNK_BYTES_MAX, CHUNKS_MAX, STATUS_LINKS_MAX } from '@relay-swarm/protocol/mesh-packet';
import { BRIDGES_MAX } from './engine/overlay.ts';
import { engineDefaults, type EngineOptions } from './engine/options.ts';
import { check, isFunction, isText, wantIceServers } from './checks.ts';
import { wantServers } from './server-urls.ts';
import type { CreateTransport } from './transport.ts';
import type { WebRtcOptions } from './webrtc.ts';

export interface JoinOptions extends Partial<EngineOptions>, WebRtcOptions {
  /** `wss://…/mesh` of one relay, or of the several on which the room lives (see `meshUrls`). */
  readonly signaling: string | readonly string[];
  /** Never leaves this browser. Seals messages for everybody outside. */
  readonly password?: string;
  /** Ed25519, of WebCrypto: to be the same member next time. */
  readonly keyPair?: CryptoKeyPair;
  /** Ends a join that is under way, and later the stay. */
  readonly signal?: AbortSignal;
  readonly WebSocket?: typeof WebSocket;
  readonly transport?: CreateTransport;
}

/** What the wire can carry: links in a status, parts of a message (one is left for its envelope and its seal). */
const MAXIMA: { readonly [K in keyof EngineOptions]?: number } = {
  connectionsMax: STATUS_LINKS_MAX - BRIDGES_MAX,
  messageBytesMax: (CHUNKS_MAX - 1) * CHUNK_BYTES_MAX,
};
/** Counts of members and links, which are 1 or more. */
const isCount = (option: string): boolean => /^(connections|members)/.test(option);
const mayBeZero = (option: string): boolean => /^(flood|want|kept)|(Delay|Wait)Ms$/.test(option);

/** Throws MeshError BAD_OPTION, which names everything that is wrong. */
export function checkJoinOptions(name: string, options: JoinOptions): void {
  check((want) => want(Object(options) === options, 'options', options, '{ signaling }'));
  const { signaling, password, keyPair, signal, iceServers, RTCPeerConnection, transport, ...rest } = options;
  const { WebSocket: Socket, ...engine } = rest;
  check((want) => {
    wantServers(want, signaling);
    want(name && isText(name), "the room's name", name, 'text');
    want(isText(password ?? ''), 'password of type', typeof password, 'text');
    want(keyPair === undefined || isSigning(keyPair), 'keyPair', keyPair, 'keys of Ed25519, of WebCrypto');
    want(!signal || signal instanceof AbortSignal, 'signal', signal, 'an AbortSignal');
    wantIceServers(want, iceServers);
    want(
      transport === undefined || isFunction(transport),
      'transport',
      transport,
      'a function, such as webRtc()',
    );
    const inNode = 'a class: joinFromNode of @relay-swarm/mesh/node brings one';
    want(isFunction(Socket ?? globalThis.WebSocket), 'WebSocket', Socket, inNode);
    const rtc = RTCPeerConnection ?? globalThis.RTCPeerConnection;
    want(transport !== undefined || isFunction(rtc), 'RTCPeerConnection', RTCPeerConnection, inNode);
    for (const [option, value] of Object.entries(engine)) {
      const wanted = wantedOf(option, value);
      want(wanted === undefined, option, value, wanted ?? '');
    }
    const { connectionsTarget: target, connectionsMax: max } = { ...engineDefaults, ...engine };
    const isMaxGood = wantedOf('connectionsMax', max) === undefined;
    want(
      !isMaxGood || !(target > max),
      'connectionsTarget',
      target,
      `at most connectionsMax, which is ${max}`,
    );
  });
}

/** A pair of ours may be anything: it comes from the application. */
const isSigning = (pair: { publicKey?: Partial<CryptoKey>; privateKey?: Partial<CryptoKey> }): boolean =>
  [pair.publicKey, pair.privateKey].every((key) => key?.algorithm?.name === 'Ed25519') &&
  pair.privateKey!.usages!.includes('sign');

/** What should stand there; undefined where it does. */
function wantedOf(option: string, value: unknown): string | undefined {
  const standard: unknown = Object.hasOwn(engineDefaults, option)
    ? engineDefaults[option as keyof EngineOptions]
    : undefined;
  if (standard === undefined) return 'a name that is an option';
  if (typeof standard !== 'number') {
    return typeof value === typeof standard ? undefined : `a ${typeof standard}`;
  }
  const max = MAXIMA[option as keyof EngineOptions] ?? Number.POSITIVE_INFINITY;
  const min = isCount(option) ? 1 : 0;
  const isFit =
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (value > 0 || mayBeZero(option)) &&
    (!isCount(option) || Number.isInteger(value));
  const kind = isCount(option)
    ? 'a whole number from 1'
    : `a number ${mayBeZero(option) ? 'from' : 'above'} 0`;
  return isFit ? undefined : kind + (max < Number.POSITIVE_INFINITY ? ` to ${max}` : '');
}
