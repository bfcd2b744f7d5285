// Graffiti's side of the tracker: peers prove who they are, announce and subscribe. No sockets, no clock; random text and turns are passed in.
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import {
  graffitiDone,
  graffitiError,
  graffitiHandshakeError,
  graffitiPeer,
  graffitiTaken,
  readGraffitiRequest,
  type GraffitiFault,
  type GraffitiRequest,
} from '@relay-swarm/protocol';
import type { Frontend } from '../protocol.ts';
import { FanOut } from './fan-out.ts';
import { Handshake, isFirstFrame, type HandshakeOptions, type HandshakeStep } from './handshake.ts';
import { GraffitiSession, type GraffitiLink } from './session.ts';
import { ENTRY_BYTES, Topics } from './topics.ts';

export interface GraffitiLimits {
  /** Info hashes over all peers; a further one is refused. */
  readonly infoHashesMax: number;
  readonly announcesPerPeerMax: number;
  readonly subscriptionsPerPeerMax: number;
  /** Announces and subscriptions of all peers of one address. */
  readonly perAddressMax: number;
}

export interface GraffitiOptions extends HandshakeOptions {
  readonly limits: GraffitiLimits;
  /** Why nobody may announce or subscribe to this info hash here, or undefined where everybody may. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (callback: () => void) => void;
}

const GRAFFITI_REFUSALS = [
  'bad_proof',
  'bad_key',
  'bad_signature',
  'relay_without_url',
  'peer_exists',
  'bad_request',
  'announces_full',
  'subscriptions_full',
  'info_hashes_full',
  'address_full',
  'memory_full',
  'not_served',
] as const;
export type GraffitiRefusal = (typeof GRAFFITI_REFUSALS)[number];

interface Refused {
  readonly reason: GraffitiRefusal;
  readonly fault: string;
}

/** This many pushes cost as much as one message. */
const PUSHES_PER_TOKEN = 20;

export class Graffiti implements Frontend<GraffitiLink> {
  readonly #fanOut: FanOut;
  readonly #topics: Topics;
  readonly #handshake: Handshake;
  readonly #peers = new Map<string, GraffitiSession>();
  readonly #options: GraffitiOptions;
  /** All requests, refused ones too. */
  messages = 0;
  readonly refused: Record<GraffitiRefusal, number>;

  constructor(options: GraffitiOptions) {
    this.#options = options;
    this.#fanOut = new FanOut(options.nextTurn);
    this.#topics = new Topics(this.#fanOut);
    this.#handshake = new Handshake(options);
    const zeros = GRAFFITI_REFUSALS.map((reason) => [reason, 0] as const);
    this.refused = Object.fromEntries(zeros) as Record<GraffitiRefusal, number>;
  }

  get peers(): number {
    return this.#peers.size;
  }
  get infoHashes(): number {
    return this.#topics.size;
  }
  get announces(): number {
    return this.#topics.announces;
  }
  get subscriptions(): number {
    return this.#topics.subscriptions;
  }
  get pushes(): number {
    return this.#topics.pushes;
  }

  recognizes(firstFrame: Buffer): boolean {
    return isFirstFrame(firstFrame);
  }

  open(link: GraffitiLink): GraffitiSession {
    return new GraffitiSession(link, {
      receive: (session, frame, nowMs) => this.#receive(session, frame, nowMs),
      leave: (session, nowMs) => this.#leave(session, nowMs),
      fanOut: this.#fanOut,
    });
  }

  /** Ends what is announced and subscribed under info hashes that are refused now, in small steps. */
  *closeRefused(): Generator<void, void> {
    for (const infoHash of this.#topics.infoHashes()) {
      yield;
      if (this.#options.refuse(infoHash) !== undefined) yield* this.#topics.close(infoHash);
    }
  }

  #receive(session: GraffitiSession, frame: string, nowMs: number): void {
    if (session.state === 'opened') this.#step(session, this.#handshake.begin(frame));
    else if (session.state === 'challenged')
      this.#step(session, this.#handshake.finish(frame, session.challenged!));
    else this.#serve(session, frame, nowMs);
  }

  #step(session: GraffitiSession, step: HandshakeStep): void {
    if ('peerId' in step) this.#admit(session, step.peerId);
    else if ('challenged' in step) {
      session.challenged = step.challenged;
      session.state = 'challenged';
      session.push(step.frame);
    } else {
      this.refused[step.refusal]++;
      session.end(graffitiHandshakeError(step.detail), REFUSALS.bad_handshake.close, step.detail);
    }
  }

  /**
   * One id has one connection. A second one is refused, as by the original tracker, and its client tries again 2 s later. But the first
   * connection may be dead and not closed yet, because its client has reconnected. So it is probed, and the id is free for one of the
   * next tries. If the newcomer replaced the first at once, two tabs with one proof would end each other every 2 s, and all their
   * subscribers would be told.
   */
  #admit(session: GraffitiSession, id: string): void {
    const holder = this.#peers.get(id);
    if (holder !== undefined) {
      this.refused.peer_exists++;
      holder.link.probe();
      session.end(graffitiTaken(id), REFUSALS.peer_exists.close, REFUSALS.peer_exists.sentence);
      return;
    }
    session.id = id;
    session.state = 'admitted';
    this.#peers.set(id, session);
    session.push(graffitiPeer(id));
  }

  #serve(session: GraffitiSession, frame: string, nowMs: number): void {
    this.messages++;
    const { announcesPerPeerMax, subscriptionsPerPeerMax } = this.#options.limits;
    // A client that comes back names everything that it announces, or subscribes to, in one message.
    const request = readGraffitiRequest(frame, Math.max(announcesPerPeerMax, subscriptionsPerPeerMax));
    const refusal =
      'fault' in request ? undefined : (this.#refusalOf(session, request) ?? this.#hold(session, request));
    if ('fault' in request) {
      this.#refuse(session, 'bad_request', request);
    } else if (refusal !== undefined) {
      this.#refuse(session, refusal.reason, { messageID: request.messageID, fault: refusal.fault });
    } else {
      const pushes = this.#pushesOf(request);
      if (pushes > PUSHES_PER_TOKEN) session.link.pay(pushes / PUSHES_PER_TOKEN, nowMs);
      session.push(graffitiDone(request));
      for (const infoHash of request.infoHashes) this.#topics[request.action](session, infoHash);
      this.#fanOut.run();
    }
  }

  /** How many pushes the request is about to cause. */
  #pushesOf({ action, infoHashes }: GraffitiRequest): number {
    if (action === 'unsubscribe') return 0;
    let pushes = 0;
    for (const infoHash of infoHashes)
      pushes +=
        action === 'subscribe' ? this.#topics.announcers(infoHash) : this.#topics.subscribers(infoHash);
    return pushes;
  }

  /** The end of its announces is told to subscribers too, and paid for by its address. */
  #leave(session: GraffitiSession, nowMs: number): void {
    let pushes = 0;
    for (const infoHash of session.announced) pushes += this.#topics.subscribers(infoHash);
    if (pushes > PUSHES_PER_TOKEN) session.link.pay(pushes / PUSHES_PER_TOKEN, nowMs);
    this.#peers.delete(session.id);
    this.#topics.remove(session);
    this.#fanOut.run();
  }

  /** Why a well-formed request is refused. A request is done whole or not at all. */
  #refusalOf(session: GraffitiSession, { action, infoHashes }: GraffitiRequest): Refused | undefined {
    const { limits, refuse } = this.#options;
    if (action !== 'announce' && action !== 'subscribe') return undefined;
    const [present, most, reason] =
      action === 'announce'
        ? ([session.announced, limits.announcesPerPeerMax, 'announces_full'] as const)
        : ([session.subscribed, limits.subscriptionsPerPeerMax, 'subscriptions_full'] as const);
    const added = infoHashes.filter((infoHash) => !present.has(infoHash)).length;
    if (present.size + added > most)
      return { reason, fault: `Cannot ${action}: ${most} info hashes are the most for one peer` };
    if (added > 0 && this.#topics.shares.isFull(session.addressKey, limits.perAddressMax, added))
      return {
        reason: 'address_full',
        fault: `Cannot ${action}: this address has too many info hashes here`,
      };
    const made = infoHashes.filter((infoHash) => !this.#topics.has(infoHash)).length;
    if (made > 0 && this.#topics.size + made > limits.infoHashesMax)
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

  /** Takes the bytes of what is about to be made; the last condition that is checked. */
  #hold(session: GraffitiSession, { action, infoHashes }: GraffitiRequest): Refused | undefined {
    if (action !== 'announce' && action !== 'subscribe') return undefined;
    const present = action === 'announce' ? session.announced : session.subscribed;
    const added = infoHashes.filter((infoHash) => !present.has(infoHash)).length;
    if (session.hold(added * ENTRY_BYTES)) return undefined;
    return { reason: 'memory_full', fault: `Cannot ${action}: this relay has no memory for more now` };
  }

  #refuse(session: GraffitiSession, reason: GraffitiRefusal, fault: GraffitiFault): void {
    this.refused[reason]++;
    session.push(graffitiError(fault));
  }
}
