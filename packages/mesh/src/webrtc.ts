// Links over WebRTC data channels, in browsers and wherever else RTCPeerConnection is.
// Both may dial each other in the same moment: the offer of the lower id counts; the other side drops its own and answers. Later only the
// side that has offered offers again (to find a new path), so the two never collide.
import { check, wantIceServers } from './checks.ts';
import type { CreateTransport, Signal, Transport, TransportEvents } from './transport.ts';

export interface WebRtcOptions {
  readonly iceServers?: readonly RTCIceServer[];
  /** The browser's own unless it is passed in. */
  readonly RTCPeerConnection?: typeof RTCPeerConnection;
}

/** Candidates travel together: each signal costs the server something. */
const CANDIDATES_MS = 40;
/** "disconnected" mostly passes by itself. If it does not, a new path is looked for; only after that the link is given up. */
const RESTART_MS = 2_500;
const GIVE_UP_MS = 9_000;
const LOW_BYTES = 16_384;

/** Throws MeshError BAD_OPTION where a connection could not be made with these. */
export function webRtc(options: WebRtcOptions = {}): CreateTransport {
  check((want) => wantIceServers(want, options.iceServers));
  return (self, events) => new WebRtcTransport(self, events, options);
}

class WebRtcTransport implements Transport {
  readonly #self: string;
  readonly #events: TransportEvents;
  readonly #options: WebRtcOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(self: string, events: TransportEvents, options: WebRtcOptions) {
    this.#self = self;
    this.#events = events;
    this.#options = options;
  }

  dial(peer: string, isBridge: boolean): void {
    const session = this.#open(peer, crypto.randomUUID(), true);
    session.offer(isBridge);
  }

  signalled(peer: string, signal: Signal): void {
    const { session: name, type } = signal;
    if (typeof name !== 'string' || typeof type !== 'string') return;
    const known = this.#sessions.get(peer);
    if (known?.name === name) known.signalled(type, signal);
    else if (type === 'offer') this.#offered(peer, name, signal, known);
  }

  send(peer: string, bytes: Uint8Array): void {
    this.#sessions.get(peer)?.send(bytes);
  }

  close(peer: string): void {
    const session = this.#sessions.get(peer);
    this.#sessions.delete(peer);
    session?.close(true);
  }

  stop(): void {
    for (const session of this.#sessions.values()) session.close(false);
    this.#sessions.clear();
  }

  #offered(peer: string, name: string, signal: Signal, known: Session | undefined): void {
    if (known && !known.isOpen && known.isOfferer && this.#self < peer) return; // our offer is the one that counts
    if (known) {
      // Their offer is the one that counts, or they have lost the link that we still have
      this.#sessions.delete(peer);
      known.close(false);
      if (known.isOpen) this.#events.closed(peer);
    }
    if (!this.#events.accepts(peer, signal['isBridge'] === true)) {
      this.#events.signal(peer, { session: name, type: 'refuse' });
      return;
    }
    this.#open(peer, name, false).signalled('offer', signal);
  }

  #open(peer: string, name: string, isOfferer: boolean): Session {
    this.#sessions.get(peer)?.close(false);
    const session = new Session(peer, name, isOfferer, this.#options, {
      ...this.#events,
      signal: (to, signal) => this.#events.signal(to, { session: name, ...signal }),
      accepts: () => false,
      opened: () => this.#events.opened(peer),
      received: (_, bytes) => this.#events.received(peer, bytes),
      drained: () => this.#events.drained(peer),
      closed: () => this.#ended(peer, session, 'closed'),
      failed: () => this.#ended(peer, session, 'failed'),
    });
    this.#sessions.set(peer, session);
    return session;
  }

  #ended(peer: string, session: Session, how: 'closed' | 'failed'): void {
    if (this.#sessions.get(peer) !== session) return;
    this.#sessions.delete(peer);
    this.#events[how](peer);
  }
}

/** One connection with one member, from the offer to the end. */
class Session {
  readonly name: string;
  readonly isOfferer: boolean;
  isOpen = false;
  readonly #peer: string;
  readonly #events: TransportEvents;
  readonly #connection: RTCPeerConnection;
  #channel: RTCDataChannel | undefined;
  #isEnded = false;
  #candidates: RTCIceCandidateInit[] = [];
  #flush: ReturnType<typeof setTimeout> | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  /** Signals are worked on one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    peer: string,
    name: string,
    isOfferer: boolean,
    options: WebRtcOptions,
    events: TransportEvents,
  ) {
    this.#peer = peer;
    this.name = name;
    this.isOfferer = isOfferer;
    this.#events = events;
    const Connection = options.RTCPeerConnection ?? RTCPeerConnection;
    const connection = (this.#connection = new Connection({ iceServers: [...(options.iceServers ?? [])] }));
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      const { candidate: text, sdpMid, sdpMLineIndex } = candidate;
      this.#candidates.push({ candidate: text, sdpMid, sdpMLineIndex });
      this.#flush ??= setTimeout(() => this.#sendCandidates(), CANDIDATES_MS);
    };
    connection.onconnectionstatechange = () => this.#stateChanged();
    if (isOfferer) this.#use(connection.createDataChannel('mesh'));
    else connection.ondatachannel = ({ channel }) => this.#use(channel);
  }

  offer(isBridge: boolean, iceRestart = false): void {
    this.#do(async () => {
      await this.#connection.setLocalDescription(await this.#connection.createOffer({ iceRestart }));
      this.#signal({ type: 'offer', isBridge, sdp: this.#connection.localDescription?.sdp });
    });
  }

  signalled(type: string, { sdp, candidates }: Signal): void {
    this.#do(async () => {
      if (type === 'offer' && typeof sdp === 'string') {
        await this.#connection.setRemoteDescription({ type, sdp });
        await this.#connection.setLocalDescription(await this.#connection.createAnswer());
        this.#signal({ type: 'answer', sdp: this.#connection.localDescription?.sdp });
      } else if (type === 'answer' && typeof sdp === 'string' && this.isOfferer) {
        await this.#connection.setRemoteDescription({ type, sdp });
      } else if (type === 'candidates' && Array.isArray(candidates)) {
        for (const candidate of candidates.slice(0, 64)) {
          // One that this side cannot use, such as another's name in its local network, is no reason to give up
          await this.#connection.addIceCandidate(candidate as RTCIceCandidateInit).catch(() => undefined);
        }
      } else if (type === 'restart' && this.isOfferer) this.offer(false, true);
      else if (type === 'refuse' || type === 'bye') this.#end();
    });
  }

  send(bytes: Uint8Array): void {
    const channel = this.#channel;
    if (channel?.readyState !== 'open') return;
    try {
      channel.send(bytes as Uint8Array<ArrayBuffer>);
    } catch {
      this.#end(); // the browser's queue is full, or the connection is gone: the engine makes another
      return;
    }
    if (channel.bufferedAmount <= LOW_BYTES) queueMicrotask(() => this.#events.drained(this.#peer));
  }

  close(isTold: boolean): void {
    if (this.#isEnded) return;
    if (isTold) this.#signal({ type: 'bye' });
    this.#isEnded = true;
    for (const timer of [this.#flush, this.#restart, this.#giveUp]) clearTimeout(timer);
    const { isOpen } = this;
    if (this.#channel) this.#channel.onclose = this.#channel.onmessage = null;
    this.#channel?.close(); // in Node a channel that never opened would keep the process from ending
    this.#connection.onconnectionstatechange = this.#connection.onicecandidate = null;
    this.#connection.close();
    this.isOpen = isOpen;
  }

  #use(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_BYTES;
    channel.onbufferedamountlow = () => this.#events.drained(this.#peer);
    channel.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#events.received(this.#peer, new Uint8Array(data));
    };
    channel.onclose = () => this.#end();
    channel.onopen = () => this.#opened();
    if (channel.readyState === 'open') this.#opened();
  }

  #opened(): void {
    if (this.isOpen || this.#isEnded) return;
    this.isOpen = true;
    this.#events.opened(this.#peer);
  }

  #stateChanged(): void {
    const state = this.#connection.connectionState;
    if (state === 'connected') {
      clearTimeout(this.#restart);
      clearTimeout(this.#giveUp);
      this.#restart = this.#giveUp = undefined;
    } else if (state === 'closed') this.#end();
    else if (state === 'failed' && !this.isOpen) this.#end();
    else if (state === 'failed' || state === 'disconnected') {
      this.#restart ??= setTimeout(() => this.#findNewPath(), state === 'failed' ? 0 : RESTART_MS);
      this.#giveUp ??= setTimeout(() => this.#end(), GIVE_UP_MS);
    }
  }

  #findNewPath(): void {
    if (this.isOfferer) this.offer(false, true);
    else this.#signal({ type: 'restart' });
  }

  #sendCandidates(): void {
    this.#flush = undefined;
    this.#signal({ type: 'candidates', candidates: this.#candidates });
    this.#candidates = [];
  }

  #signal(signal: Signal): void {
    if (!this.#isEnded) this.#events.signal(this.#peer, signal);
  }

  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#isEnded) return;
      try {
        await work();
      } catch {
        if (!this.isOpen) this.#end(); // a description that it cannot use; an open link lives on with its old path
      }
    });
  }

  #end(): void {
    if (this.#isEnded) return;
    const how = this.isOpen ? 'closed' : 'failed';
    this.close(false);
    this.#events[how](this.#peer);
  }
}
