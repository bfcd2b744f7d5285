// PeerJS on the relays of a room. Peers reach each other only through one and the same server, so all of a room take the first relay of its
// ranking that has one, and where that is gone, all go on to the next, with the ids that they have.
import { textKey } from '@relay-swarm/protocol/ranking';
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import { FAILED_MS } from './known-relays.ts';
import { RelayChoice, type RelayChoiceOptions } from './relay-choice.ts';
import type { Roster } from './roster.ts';

/** What PeerJS needs to know of a server, and its ICE servers: spread it into the options of `new Peer()`. */
export interface PeerServerOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly secure: boolean;
  readonly config: { readonly iceServers: RTCIceServer[] };
}

/** What is used of a PeerJS Peer (version 1). */
export interface PeerJsPeer {
  readonly disconnected: boolean;
  readonly destroyed: boolean;
  on(event: 'open' | 'disconnected' | 'close', listener: () => void): unknown;
  disconnect(): void;
  reconnect(): void;
}

/** PeerJS has no call to change its server: its options and its socket are changed here, and only here. */
interface Inner extends PeerJsPeer {
  readonly _options: {
    host: string;
    port: number | string;
    path: string;
    secure: boolean;
    config?: { iceServers?: RTCIceServer[] };
  };
  _socket: { removeAllListeners(): void; close(): void };
  _createServerConnection(): Inner['_socket'];
}

export type KeepPeerOptions = Omit<RelayChoiceOptions, 'k' | 'offers'>;

/** A server that takes longer to say anything is passed over. */
const ANSWER_MS_MAX = 2_000;
const RETRY_MS_MIN = 300;
const RETRY_MS_MAX = 15_000;
const ICE_MS = 60_000;

const hasPeerjs = ({ peerjs }: RosterRelay): boolean => peerjs !== undefined;

/**
 * The first PeerJS server of the room's ranking that answers, for `new Peer(id, await peerOptions(roster, room))`. All who want to reach each
 * other give the same room. Rejects with NO_SERVICE where no relay with a PeerJS server answers, or AbortError.
 */
export async function peerOptions(
  roster: Roster,
  room: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<PeerServerOptions> {
  signal?.throwIfAborted();
  for (const relay of roster.ranked(textKey(room), Infinity, hasPeerjs)) {
    if (!(await isThere(relay, signal))) continue;
    // Relays without STUN: what peers of one network need is there all the same.
    const iceServers = await roster.iceServers({ ...(signal !== undefined && { signal }) }).catch(() => []);
    signal?.throwIfAborted();
    return { ...serverOf(relay), config: { iceServers } };
  }
  throw new ClientError(
    'NO_SERVICE',
    'Cannot choose a PeerJS server: no relay of the roster that has one answers',
  );
}

/**
 * Keeps a Peer connected, with its id: to the first relay of the room that answers, now and when that changes, with ICE servers whose
 * credentials are good. Open connections and calls are not touched. Ends with the peer, close(), the signal or the roster.
 */
export function keepPeer(
  peer: PeerJsPeer,
  roster: Roster,
  room: string,
  options: KeepPeerOptions = {},
): RelayChoice {
  const inner = peer as Inner;
  if (typeof inner._createServerConnection !== 'function' || typeof inner._options !== 'object')
    throw new ClientError('BAD_ARGUMENT', 'Cannot keep this peer: wanted a Peer of peerjs, version 1');
  return new PeerKeeper(inner, roster, room, options).choice;
}

class PeerKeeper {
  readonly choice: RelayChoice;
  readonly #peer: Inner;
  readonly #roster: Roster;
  /** PeerJS may be gone where the relay is not: relay id → passed over until. */
  readonly #failedUntilMs = new Map<string, number>();
  #failures = 0;
  #isMoving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(peer: Inner, roster: Roster, room: string, options: KeepPeerOptions) {
    this.#peer = peer;
    this.#roster = roster;
    this.choice = new RelayChoice(roster, textKey(room), {
      ...options,
      k: 1,
      offers: (relay) => hasPeerjs(relay) && !((this.#failedUntilMs.get(relay.id) ?? 0) > Date.now()),
    });
    this.choice.on('relaychange', () => this.#soon(0));
    const ice = setInterval(() => void this.#renewIce(), ICE_MS);
    this.choice.signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      clearInterval(ice);
    });
    peer.on('close', () => this.choice.close());
    peer.on('open', () => (this.#failures = 0));
    peer.on('disconnected', () => {
      if (!this.#isMoving) this.#soon(RETRY_MS_MIN);
    });
    void this.#renewIce();
    this.#soon(0);
  }

  #soon(leastMs: number): void {
    if (this.choice.signal.aborted) return;
    clearTimeout(this.#timer);
    const waitMs = Math.min(leastMs * 2 ** this.#failures, RETRY_MS_MAX);
    this.#timer = setTimeout(() => void this.#check(), waitMs * (0.5 + Math.random() / 2));
  }

  /** Brings the peer to where the room is. */
  async #check(): Promise<void> {
    const peer = this.#peer;
    if (this.#isOver()) return;
    const [relay] = this.choice.relays;
    if (relay === undefined) {
      this.#failures += 1;
      this.#failedUntilMs.clear(); // all have failed: all are asked again
      this.choice.review();
      this.#soon(RETRY_MS_MIN);
      return;
    }
    const isHere = isSame(peer._options, serverOf(relay));
    if (isHere && !peer.disconnected) return;
    const isUp = await isThere(relay, this.choice.signal).catch(() => false);
    if (this.#isOver()) return;
    if (!isUp) {
      this.#failedUntilMs.set(relay.id, Date.now() + FAILED_MS);
      setTimeout(() => this.choice.review(), FAILED_MS + 100);
      this.choice.review();
      this.#soon(0);
      return;
    }
    if (this.#isOver()) return;
    if (this.choice.relays[0]?.id !== relay.id) {
      this.#soon(0);
      return;
    }
    this.#failures += 1; // until it is open
    this.#isMoving = true;
    if (!peer.disconnected) peer.disconnect();
    this.#isMoving = false;
    Object.assign(peer._options, serverOf(relay));
    peer._socket.removeAllListeners();
    peer._socket = peer._createServerConnection();
    peer.reconnect();
  }

  #isOver(): boolean {
    return this.#peer.destroyed || this.choice.signal.aborted;
  }

  async #renewIce(): Promise<void> {
    const iceServers = await this.#roster.iceServers().catch(() => undefined); // none, or asked again a minute later
    if (iceServers === undefined || this.choice.signal.aborted) return;
    // PeerJS reads it for every new connection.
    this.#peer._options.config = { ...this.#peer._options.config, iceServers };
  }
}

function serverOf({ peerjs = '' }: RosterRelay): Omit<PeerServerOptions, 'config'> {
  const { hostname, port, pathname, protocol } = new URL(peerjs);
  const secure = protocol === 'https:';
  return {
    host: hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    path: pathname.endsWith('/') ? pathname : `${pathname}/`,
    secure,
  };
}

const isSame = (a: Inner['_options'], b: Omit<PeerServerOptions, 'config'>): boolean =>
  a.host === b.host && Number(a.port) === b.port && a.path === b.path;

/** Whether the server says anything at all; a refusal will be said to PeerJS too. */
async function isThere({ peerjs = '' }: RosterRelay, signal: AbortSignal | undefined): Promise<boolean> {
  const timeout = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    // Not read, and so open to every page: 'no-cors' asks for no permission.
    await fetch(peerjs, {
      mode: 'no-cors',
      credentials: 'omit',
      cache: 'no-store',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
