// The way into a room.
import { createIdentity } from './identity.ts';
import { checkJoinOptions, type JoinOptions } from './join-options.ts';
import { deriveRoom } from './room-secrets.ts';
import { Room } from './room.ts';
import { serverUrls } from './server-urls.ts';
import { webRtc, type WebRtcOptions } from './webrtc.ts';

/**
 * Enters a room. Resolves when keys are made; servers and links follow (`on('server')`, `on('viewchanged')`).
 * Rejects with MeshError BAD_OPTION, which names every option that cannot be used.
 */
export async function join(name: string, options: JoinOptions): Promise<Room> {
  checkJoinOptions(name, options);
  const { signaling, password, keyPair, signal, iceServers, RTCPeerConnection, transport, ...rest } = options;
  const { WebSocket: Socket = globalThis.WebSocket, ...engine } = rest;
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
    servers: serverUrls(signaling),
    WebSocket: Socket,
    createTransport: transport ?? webRtc(rtc),
    engine,
  });
  signal?.addEventListener('abort', () => void room.leave(), { once: true });
  return room;
}
