// A page that uses the client of docs/peerjs-client.md, as it stands there, with stock PeerJS.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPage } from '../../../test/support/chromium.ts';

const docs = readFileSync(join(import.meta.dirname, '../../../docs/peerjs-client.md'), 'utf8');
const client = /```js file=relay-peer\.js\n(.*?)```/s.exec(docs)?.[1];
if (client === undefined) throw new Error('Cannot find relay-peer.js in docs/peerjs-client.md');

const program = `
  let peer;
  const opened = [];
  const errors = [];
  const soon = (what, promise) => Promise.race([
    promise,
    new Promise((_, reject) => setTimeout(() => reject(new Error('Cannot wait longer for ' + what)), 20_000)),
  ]);
  const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

  /** The id, or the type of the error. Echoes data and answers calls from then on. */
  export async function start(relay, id, options) {
    peer = await openPeer(relay, id ?? undefined, options);
    peer.on('open', (id) => opened.push(id));
    peer.on('error', (error) => errors.push(error.type));
    peer.on('connection', (connection) => connection.on('data', (data) => connection.send('echo ' + data)));
    peer.on('call', async (call) => call.answer(await media()));
    return soon('open', new Promise((resolve) => {
      peer.once('open', (id) => resolve(id));
      peer.once('error', (error) => resolve(error.type));
    }));
  }
  export const state = () => ({ opened, errors, isOpen: peer.open });
  export const iceState = async () => [...(await (connection ?? call).peerConnection.getStats()).values()]
    .filter(({ type }) => ['local-candidate', 'remote-candidate', 'candidate-pair'].includes(type));
  export const stop = () => peer.destroy();
  export const disconnect = () => peer.disconnect();
  export const listPeers = () => new Promise((resolve) => {
    peer.once('error', (error) => resolve(error.type));
    peer.listAllPeers(resolve);
  });

  let connection;
  export async function say(id, text) {
    if (!connection?.open) {
      connection = peer.connect(id, { reliable: true });
      await soon('a data connection', once(connection, 'open'));
    }
    connection.send(text);
    return soon('an echo', once(connection, 'data'));
  }
  export async function connectTo(id) {
    const failed = once(peer, 'error');
    peer.connect(id);
    return (await soon('an error', failed)).type;
  }
  /** The types of the two candidates that the connection runs over. */
  export const route = () => routeOf((connection ?? call).peerConnection);

  const media = () => navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  let call;
  /** Calls, and waits until video of the other page has been decoded. */
  export async function callAndWatch(id) {
    call = peer.call(id, await media());
    const stream = await soon('a stream', once(call, 'stream'));
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = stream;
    await video.play();
    for (;;) {
      const inbound = [...(await call.peerConnection.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
      const video = inbound.find(({ kind }) => kind === 'video');
      const audio = inbound.find(({ kind }) => kind === 'audio');
      if (video?.framesDecoded > 5 && audio?.packetsReceived > 5)
        return { tracks: stream.getTracks().map(({ kind }) => kind).sort(), route: await routeOf(call.peerConnection) };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  /** Of the call's video, so far. */
  export const framesDecoded = async () => [...(await call.peerConnection.getStats()).values()]
    .find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video').framesDecoded;
  async function routeOf(peerConnection) {
    const stats = await peerConnection.getStats();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport.selectedCandidatePairId);
    return [stats.get(pair.localCandidateId).candidateType, stats.get(pair.remoteCandidateId).candidateType];
  }
`;

/** The pages' files for `servePages()`. */
export async function clientPage(): Promise<Record<string, string>> {
  return programPage(`${client}\n${program}`, import.meta.dirname);
}

/** Fake camera and microphone, no questions. */
export const MEDIA_FLAGS = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];
