// The way into a room.
import type { EngineOptions } from './engine/options.ts';
import { createIdentity } from './identity.ts';
import { deriveRoom } from './room-secrets.ts';
import { Room } from './room.ts';
import { serverUrls } from './server-urls.ts';
import type { CreateTransport } from './transport.ts';
import { webRtc, type WebRtcOptions } from './webrtc.ts';

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

/** Enters a room. Returns at once when keys are made; servers and links follow (`on('server')`, `on('viewchanged')`). */
export async function join(name: string, options: JoinOptions): Promise<Room> {
  const { signaling, password, keyPair, signal, iceServers, RTCPeerConnection, transport, ...engine } =
    options;
  const { WebSocket: Socket = globalThis.WebSocket, ...limits } = engine;
  const servers = serverUrls(signaling);
  signal?.throwIfAborted();
  const [identity, secrets] = await Promise.all([createIdentity(keyPair), deriveRoom(name, password)]);
  signal?.throwIfAborted();
  const rtc: WebRtcOptions = {
    ...(iceServers && { iceServers }),
    ...(RTCPeerConnection && { RTCPeerConnection }),
  };
  const room = new Room({
    name,
    identity,
    secrets,
    isSealed: password !== undefined && password !== '',
    servers,
    WebSocket: Socket,
    createTransport: transport ?? webRtc(rtc),
    engine: limits,
  });
  signal?.addEventListener('abort', () => void room.leave(), { once: true });
  return room;
}
