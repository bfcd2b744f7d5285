// Graffiti's side of the tracker: peers prove who they are, announce and subscribe. No sockets, no clock; dice are passed in.
import {
  graffitiChallenge,
  graffitiDone,
  graffitiError,
  graffitiHandshakeError,
  graffitiHelloText,
  graffitiPeer,
  graffitiTaken,
  isGraffitiProof,
  readGraffitiHello,
  readGraffitiRequest,
  readGraffitiSignature,
  resemblesGraffitiProof,
  webSocketOrigin,
  type GraffitiFault,
  type GraffitiRequest,
} from '@relay-swarm/protocol';
import { Board, type Member } from './topics.ts';
import { hasSigned, peerIdOfKey, peerIdOfProof } from './credentials.ts';

/** One connection, made by the socket server. No method of it calls back into Graffiti before it returns. */
export interface GraffitiLink {
  /** A frame that cannot be sent must end the connection: a subscriber that misses one push believes in a ghost. */
  send(text: string): void;
  /** Sends what is queued, then closes. */
  close(code: number, reason: string): void;
  /** Whether the other end should read first before it gets what can wait. */
  readonly isCongested: boolean;
  /** Calls back, later, when what was sent until now has left; never where the connection ends before: nothing holds back what it is told then. */
  whenDrained(callback: () => void): void;
  /** Asks the other end for a sign of life, and ends the connection where none comes within a few seconds. */
  probe(): void;
}

export interface GraffitiSession {
  /** Takes one frame; returns how many pushes it caused, so that the caller can slow down a peer that causes too many. */
  handle(frame: string): number;
  /** The connection is gone: the peer is unannounced everywhere. */
  closed(): void;
  /** Nothing is announced or subscribed. */
  readonly isIdle: boolean;
}

export interface GraffitiLimits {
  /** Info hashes over all peers; a further one is refused. */
  readonly infoHashesMax: number;
  readonly announcesPerPeerMax: number;
  readonly subscriptionsPerPeerMax: number;
}

export interface GraffitiOptions {
  /** Where clients connect to, `wss://…`; without it only the old handshake is possible. */
  readonly relayUrl: string | undefined;
  readonly randomHex: (bytes: number) => string;
  readonly limits: GraffitiLimits;
  /** Why nobody may announce or subscribe to this info hash here, or undefined where everybody may. */
  readonly refuse: (infoHash: string) => string | undefined;
}

export const GRAFFITI_REFUSALS = [
  'bad_proof',
  'bad_key',
  'bad_signature',
  'relay_without_url',
  'peer_exists',
  'bad_request',
  'announces_full',
  'subscriptions_full',
  'info_hashes_full',
  'not_served',
] as const;
export type GraffitiRefusal = (typeof GRAFFITI_REFUSALS)[number];

/** WebSocket close codes (RFC 6455 §7.4.1 and IANA's registry): policy violation; try again later. */
const CLOSE_BAD_HANDSHAKE = 1008;
const CLOSE_PEER_EXISTS = 1013;

export class Graffiti {
  readonly #board = new Board();
  readonly #peers = new Map<string, Session>();
  readonly #options: GraffitiOptions;
  readonly #relayOrigin: string | undefined;
  /** Requests, whatever came of them. */
  messages = 0;
  readonly refused: Record<GraffitiRefusal, number>;

  constructor(options: GraffitiOptions) {
    this.#options = options;
    this.#relayOrigin = options.relayUrl === undefined ? undefined : webSocketOrigin(options.relayUrl);
    const zeros = GRAFFITI_REFUSALS.map((reason) => [reason, 0] as const);
    this.refused = Object.fromEntries(zeros) as Record<GraffitiRefusal, number>;
  }

  /** Whether a connection that begins with this frame means to speak Graffiti, well or badly. */
  static isFirstFrame(text: string): boolean {
    return resemblesGraffitiProof(text) || (text.includes('hello') && readGraffitiHello(text) !== undefined);
  }

  get peers(): number {
    return this.#peers.size;
  }
  get infoHashes(): number {
    return this.#board.size;
  }
  get announces(): number {
    return this.#board.announces;
  }
  get subscriptions(): number {
    return this.#board.subscriptions;
  }
  get pushes(): number {
    return this.#board.pushes;
  }

  open(link: GraffitiLink, firstFrame: string): GraffitiSession {
    const session = new Session(link, {
      handle: (frame) => {
        const before = this.#board.pushes;
        if (session.state === 'challenged') this.#verify(session, frame);
        else if (session.state === 'admitted') this.#serve(session, frame);
        return this.#board.pushes - before;
      },
      leave: () => {
        this.#peers.delete(session.id);
        this.#board.remove(session);
      },
    });
    const publicKey = readGraffitiHello(firstFrame);
    if (publicKey !== undefined) this.#challenge(session, publicKey);
    else if (isGraffitiProof(firstFrame)) this.#admit(session, peerIdOfProof(firstFrame));
    else this.#reject(session, 'bad_proof', 'invalid peer proof');
    return session;
  }

  /** Ends what is announced and subscribed under info hashes that are refused now, in small steps. */
  *closeRefused(): Generator<void, void> {
    for (const infoHash of this.#board.infoHashes()) {
      yield;
      if (this.#options.refuse(infoHash) !== undefined) yield* this.#board.close(infoHash);
    }
  }

  #challenge(session: Session, publicKey: string): void {
    if (publicKey === '') {
      this.#reject(session, 'bad_key', 'invalid public key');
    } else if (this.#relayOrigin === undefined) {
      this.#reject(session, 'relay_without_url', 'this relay does not know its URL, so it cannot challenge');
    } else {
      const challenge = this.#options.randomHex(32);
      session.challenged = { publicKey, text: graffitiHelloText(challenge, this.#relayOrigin) };
      session.state = 'challenged';
      session.push(graffitiChallenge(challenge));
    }
  }

  #verify(session: Session, frame: string): void {
    const { publicKey, text } = session.challenged!;
    const signature = readGraffitiSignature(frame);
    if (signature !== undefined && hasSigned(publicKey, signature, text))
      this.#admit(session, peerIdOfKey(publicKey));
    else this.#reject(session, 'bad_signature', 'invalid signature');
  }

  /**
   * One id, one connection: whoever comes second is refused, as by the first tracker, and its client tries again 2 s later.
   * But the first may be a corpse, where a client reconnects before anybody noticed that its old connection had died:
   * so it is probed, and the place is free for one of the next tries. If the newcomer replaced the first at once, two tabs
   * with one proof would throw each other out every 2 s, and all their subscribers would hear of it.
   */
  #admit(session: Session, id: string): void {
    const holder = this.#peers.get(id);
    if (holder !== undefined) {
      this.refused.peer_exists++;
      holder.link.probe();
      session.end(graffitiTaken(id), CLOSE_PEER_EXISTS, 'peer exists');
      return;
    }
    session.id = id;
    session.state = 'admitted';
    this.#peers.set(id, session);
    session.push(graffitiPeer(id));
  }

  #reject(session: Session, reason: GraffitiRefusal, detail: string): void {
    this.refused[reason]++;
    session.end(graffitiHandshakeError(detail), CLOSE_BAD_HANDSHAKE, detail);
  }

  #serve(session: Session, frame: string): void {
    this.messages++;
    const { announcesPerPeerMax, subscriptionsPerPeerMax } = this.#options.limits;
    // A client that comes back names everything that it announces, or subscribes to, in one message.
    const request = readGraffitiRequest(frame, Math.max(announcesPerPeerMax, subscriptionsPerPeerMax));
    const refusal = 'fault' in request ? undefined : this.#refusalOf(session, request);
    if ('fault' in request) {
      this.#refuse(session, 'bad_request', request);
    } else if (refusal !== undefined) {
      this.#refuse(session, refusal.reason, { messageID: request.messageID, fault: refusal.fault });
    } else {
      session.push(graffitiDone(request));
      for (const infoHash of request.infoHashes) this.#board[request.action](session, infoHash);
      this.#list(session);
    }
  }

  /** Why a request is refused that is well formed. It is done whole or not at all. */
  #refusalOf(
    session: Session,
    { action, infoHashes }: GraffitiRequest,
  ): { readonly reason: GraffitiRefusal; readonly fault: string } | undefined {
    const { limits, refuse } = this.#options;
    if (action !== 'announce' && action !== 'subscribe') return undefined;
    const [present, most, reason] =
      action === 'announce'
        ? ([session.announced, limits.announcesPerPeerMax, 'announces_full'] as const)
        : ([session.subscribed, limits.subscriptionsPerPeerMax, 'subscriptions_full'] as const);
    const added = infoHashes.filter((infoHash) => !present.has(infoHash)).length;
    if (present.size + added > most)
      return { reason, fault: `Cannot ${action}: ${most} info hashes are the most for one peer` };
    const made = infoHashes.filter((infoHash) => !this.#board.has(infoHash)).length;
    if (made > 0 && this.#board.size + made > limits.infoHashesMax)
      return {
        reason: 'info_hashes_full',
        fault: `Cannot ${action}: this relay serves no further info hashes now`,
      };
    for (const infoHash of infoHashes) {
      const fault = refuse(infoHash);
      if (fault !== undefined) return { reason: 'not_served', fault: `${fault} (${infoHash})` };
    }
    return undefined;
  }

  /** Tells of those who were there before only as fast as the peer reads: there may be thousands. */
  #list(session: Session): void {
    if (session.isWaiting || this.#board.list(session)) return;
    session.isWaiting = true;
    session.link.whenDrained(() => {
      session.isWaiting = false;
      if (session.state === 'admitted') this.#list(session);
    });
  }

  #refuse(session: Session, reason: GraffitiRefusal, fault: GraffitiFault): void {
    this.refused[reason]++;
    session.push(graffitiError(fault));
  }
}

class Session implements GraffitiSession, Member {
  readonly link: GraffitiLink;
  readonly #hooks: { handle(frame: string): number; leave(): void };
  state: 'opened' | 'challenged' | 'admitted' | 'over' = 'opened';
  /** What the signature must be over, and by whom. */
  challenged: { readonly publicKey: string; readonly text: string } | undefined = undefined;
  id = '';
  readonly announced = new Set<string>();
  readonly subscribed = new Set<string>();
  readonly listings: Member['listings'] = [];
  /** For its other end to read, before its listings go on. */
  isWaiting = false;

  constructor(link: GraffitiLink, hooks: { handle(frame: string): number; leave(): void }) {
    this.link = link;
    this.#hooks = hooks;
  }

  get isIdle(): boolean {
    return this.announced.size === 0 && this.subscribed.size === 0;
  }

  get isCongested(): boolean {
    return this.link.isCongested;
  }

  push(text: string): void {
    this.link.send(text);
  }

  handle(frame: string): number {
    return this.#hooks.handle(frame);
  }

  closed(): void {
    const wasAdmitted = this.state === 'admitted';
    this.state = 'over';
    if (wasAdmitted) this.#hooks.leave();
  }

  end(lastWords: string, code: number, reason: string): void {
    this.state = 'over';
    this.link.send(lastWords);
    this.link.close(code, reason);
  }
}
