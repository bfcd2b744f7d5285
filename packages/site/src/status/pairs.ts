// Pairs for the self-test: two connections of this page that find each other by the tracker, by PeerJS, or in the mesh, as two users would.
import type { PeerError } from 'peerjs';
import type { Room } from '@relay-swarm/mesh';

const PAIR_MS_MAX = 12_000;

/** Milliseconds from nothing to an open channel. Rejects with what went wrong. */
export type PairTest = (ice: readonly RTCIceServer[], signal: AbortSignal) => Promise<number>;

/** Runs it, at most for so long. */
async function timed(
  what: string,
  signal: AbortSignal,
  run: (opened: () => void, failed: (error: Error) => void, ended: AbortSignal) => void | Promise<void>,
): Promise<number> {
  const startedAtMs = performance.now();
  const ended = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${what} did not happen within ${PAIR_MS_MAX / 1000} s`)),
        PAIR_MS_MAX,
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: ended.signal });
      ended.signal.addEventListener('abort', () => clearTimeout(timer));
      void Promise.resolve(run(resolve, reject, ended.signal)).catch(reject);
    });
    return performance.now() - startedAtMs;
  } finally {
    ended.abort();
  }
}

/** Two peers of one info hash at this tracker: the first offers, the second answers (PROTOCOL.md, "WebTorrent"). */
export const trackerPair =
  (url: string): PairTest =>
  (ice, signal) =>
    timed('A connection between two peers of the tracker', signal, async (opened, failed, ended) => {
      const infoHash = randomText();
      const configuration = { iceServers: [...ice] };
      const [first, second] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
      const [offering, answering] = await Promise.all([openSocket(url), openSocket(url)]);
      ended.addEventListener('abort', () => {
        for (const one of [first, second, offering, answering]) one.close();
      });
      const announce = (socket: WebSocket, more: object): void =>
        socket.send(
          JSON.stringify({ action: 'announce', info_hash: infoHash, peer_id: randomText(), ...more }),
        );
      first.createDataChannel('test').onopen = opened;
      const from = randomText();
      answering.onmessage = ({ data }: MessageEvent<string>) => {
        const { offer, offer_id, peer_id } = JSON.parse(data) as Record<string, unknown>;
        if (offer === undefined) return;
        void describe(second, offer as RTCSessionDescriptionInit)
          .then((answer) => announce(answering, { answer, offer_id, to_peer_id: peer_id }))
          .catch(failed);
      };
      offering.onmessage = ({ data }: MessageEvent<string>) => {
        const { answer, 'failure reason': reason } = JSON.parse(data) as Record<string, unknown>;
        if (typeof reason === 'string') failed(new Error(`The tracker refused: ${reason}`));
        if (answer !== undefined)
          void first.setRemoteDescription(answer as RTCSessionDescriptionInit).catch(failed);
      };
      // The second has to be there first: offers go to whom the tracker knows already.
      const known = new Promise((resolve) => answering.addEventListener('message', resolve, { once: true }));
      announce(answering, { event: 'started', numwant: 0, left: 1, uploaded: 0, downloaded: 0 });
      await known;
      const offer = await describe(first);
      const offers = [{ offer, offer_id: randomText() }];
      announce(offering, {
        ...{ peer_id: from, event: 'started', numwant: 1, left: 1, uploaded: 0, downloaded: 0, offers },
      });
    });

/** Two stock PeerJS clients. */
export const peerJsPair =
  (url: string): PairTest =>
  (ice, signal) =>
    timed('A connection between two PeerJS clients', signal, async (opened, failed, ended) => {
      const { Peer } = await import('peerjs');
      const { hostname, port, protocol } = new URL(url);
      const options = {
        host: hostname,
        port: Number(port) || (protocol === 'https:' ? 443 : 80),
        path: '/',
        secure: protocol === 'https:',
        config: { iceServers: [...ice] },
      };
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- any object of this shape; PeerJS's types call it a class
      const [one, other] = [new Peer(options), new Peer(options)];
      ended.addEventListener('abort', () => {
        one.destroy();
        other.destroy();
      });
      // PeerJS loses the words of an error that it has from elsewhere, and keeps its own word for the kind.
      const told = ({ message, type }: PeerError<string>): Error =>
        new Error(message || `PeerJS says ${type}`);
      for (const peer of [one, other]) peer.on('error', (error: PeerError<string>) => failed(told(error)));
      other.on('connection', (connection) => connection.on('open', opened));
      const id = new Promise<string>((resolve) => other.on('open', resolve));
      one.on('open', () => void id.then((to) => one.connect(to)));
    });

/** Three members of a room: a message of the first comes to both others. */
export const meshOfThree =
  (signaling: string): PairTest =>
  (ice, signal) =>
    timed('A mesh of three', signal, async (opened, {}, ended) => {
      const { join, webRtc } = await import('@relay-swarm/mesh');
      const name = `test-${crypto.randomUUID()}`;
      const rooms: Room[] = [];
      ended.addEventListener('abort', () => {
        for (const room of rooms) void room.leave();
      });
      for (let i = 0; i < 3; i++)
        rooms.push(await join(name, { signaling, transport: webRtc({ iceServers: [...ice] }) }));
      const missing = new Set(rooms.slice(1));
      for (const room of missing)
        room.on('message', () => {
          missing.delete(room);
          if (missing.size === 0) opened();
        });
      const ask = setInterval(() => {
        if (rooms.every((room) => room.links.length > 0)) void rooms[0]!.broadcast('hello');
      }, 300);
      ended.addEventListener('abort', () => clearInterval(ask));
    });

function openSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`No WebSocket to ${url}`));
  });
}

/** An offer, or the answer to one, with all its candidates in it. */
async function describe(
  connection: RTCPeerConnection,
  offer?: RTCSessionDescriptionInit,
): Promise<RTCSessionDescriptionInit> {
  if (offer !== undefined) await connection.setRemoteDescription(offer);
  await connection.setLocalDescription();
  if (connection.iceGatheringState !== 'complete')
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 3_000); // a STUN server that is silent
      connection.addEventListener('icegatheringstatechange', () => {
        if (connection.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      });
    });
  const { type, sdp } = connection.localDescription!;
  return { type, sdp };
}

/** 20 characters, as info hashes, peer ids and offer ids are on this wire. */
function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return String.fromCharCode(...bytes.map((byte) => byte & 0x7f));
}
