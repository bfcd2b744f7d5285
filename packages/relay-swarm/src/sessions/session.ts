// One conversation between two relays: proof of both keys, then messages, pings, limits. Pure: time, nonce, keys and sending come from outside.
import { newBucket, takeToken, type Bucket } from '@relay-swarm/net';
import {
  decodeRelayMessage,
  encodeRelayMessage,
  proofText,
  ProtocolError,
  RELAY_VERSION,
  type RelayMessage,
  type Transcript,
} from '@relay-swarm/protocol';
import type { Identity, Verify } from '../proof/identity.ts';

export type SessionRole = 'dialler' | 'acceptor';
/** What relays tell each other once both keys are proven. */
export type RelayNews = Exclude<RelayMessage, { action: 'hello' | 'challenge' | 'proof' }>;

export type SessionEffect =
  | { readonly do: 'send'; readonly text: string }
  | { readonly do: 'ping' }
  /** The other side has proven that it holds this key; for a dialler, at the URL that it dialled. */
  | { readonly do: 'proven'; readonly id: string }
  | { readonly do: 'news'; readonly news: RelayNews }
  /** The session is over. */
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

/** Why a session was closed, as WebSocket close codes. */
export const CLOSE = {
  done: 1000,
  policy: 1008,
  restart: 1012,
  /** The other session of the same two relays stays. */
  duplicate: 4000,
  /** Dialled by or answered by the relay itself. */
  self: 4001,
  /** The key or the URL is not the expected one. */
  wrongKey: 4002,
  /** The dialler's key did not answer at the dialler's own URL. */
  unproven: 4003,
  full: 4004,
  silent: 4005,
  /** Another relay, which no other has let in, takes this one's place. */
  replaced: 4006,
} as const;

export const HANDSHAKE_MS_MAX = 5_000;
/** A relay of version 1 sends two frames a period; a newcomer is told of all others in a few. */
const FRAMES = { perSecond: 2, burst: 64 } as const;
/** With a table of all relays: news every two seconds, asked for and sent; a newcomer is sent thousands of records. It begins with the other's burst. */
const TABLE_FRAMES = { perSecond: 8, burst: 256 } as const;

export interface SessionOptions {
  readonly self: Identity;
  readonly swarm: string;
  readonly ownUrl: string;
  readonly verify: Verify;
  /** 64 hex characters, never used before. */
  readonly nonce: string;
  readonly nowMs: number;
  readonly pingMs: number;
  /** Where a ping waits longer than this the other side may be frozen. */
  readonly pongMsMax: number;
  /** Where the other side is silent for longer than this it is dead. */
  readonly silenceMsMax: number;
  /** The relay and URL that the dialler dialled; undefined for an acceptor. */
  readonly dialled?: { readonly id: string; readonly url: string };
  /** Dials to prove a URL and to compare tables only. */
  readonly isVisit?: boolean;
  /** How many sessions this relay has. */
  readonly sessions?: number;
}

/** What the other side has said of itself with its key. */
export interface SessionPeer {
  readonly version: number;
  readonly isVisit: boolean;
  /** Its sessions; unknown where it does not say. */
  readonly sessions: number | undefined;
}
const UNKNOWN_PEER: SessionPeer = { version: 1, isVisit: false, sessions: undefined };

export class Session {
  readonly role: SessionRole;
  readonly #options: SessionOptions;
  readonly #startedAtMs: number;
  readonly #bucket: Bucket;
  #heardAtMs: number;
  #pingedAtMs: number;
  /** The first ping since it was last heard. */
  #unansweredAtMs: number | undefined;
  #step: 'hello' | 'challenge' | 'proof' | 'proven' | 'over';
  #transcript: Transcript | undefined;
  #peer = UNKNOWN_PEER;
  #roundTripMs: number | undefined;

  constructor(options: SessionOptions) {
    this.role = options.dialled === undefined ? 'acceptor' : 'dialler';
    this.#step = this.role === 'dialler' ? 'challenge' : 'hello';
    this.#options = options;
    this.#startedAtMs = this.#heardAtMs = this.#pingedAtMs = options.nowMs;
    this.#bucket = newBucket(FRAMES, options.nowMs);
  }

  get peer(): SessionPeer {
    return this.#peer;
  }

  get isProven(): boolean {
    return this.#step === 'proven';
  }

  /** The socket is open: the dialler speaks first. */
  open(): SessionEffect[] {
    const { self, nonce, swarm, dialled, isVisit = false, sessions = 0 } = this.#options;
    if (dialled === undefined) return [];
    const about = { version: RELAY_VERSION, sessions, ...(isVisit && { isVisit: 1 as const }) };
    return [send({ action: 'hello', id: self.id, nonce, swarm, url: dialled.url, ...about })];
  }

  receive(text: string, nowMs: number): SessionEffect[] {
    if (this.#step === 'over') return [];
    this.pong(nowMs);
    const frames = this.#peer.version > 1 ? TABLE_FRAMES : FRAMES;
    if (!takeToken(this.#bucket, frames, nowMs)) return this.#close(CLOSE.policy, 'too many frames');
    try {
      return this.#handle(decodeRelayMessage(text));
    } catch (error) {
      if (error instanceof ProtocolError) return this.#close(CLOSE.policy, error.message);
      throw error;
    }
  }

  /** From a ping to its answer, averaged. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** A ping was answered. */
  answered(nowMs: number): void {
    if (this.#unansweredAtMs !== undefined) {
      const tookMs = nowMs - this.#unansweredAtMs;
      this.#roundTripMs = (this.#roundTripMs ?? tookMs) * 0.7 + tookMs * 0.3;
    }
    this.pong(nowMs);
  }

  /** Something was heard. */
  pong(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#unansweredAtMs = undefined;
  }

  /** Whether a ping has waited too long: no client is sent there until something is heard again. */
  isSuspect(nowMs: number): boolean {
    return this.#unansweredAtMs !== undefined && nowMs - this.#unansweredAtMs > this.#options.pongMsMax;
  }

  tick(nowMs: number): SessionEffect[] {
    const { pingMs, silenceMsMax } = this.#options;
    if (this.#step === 'over') return [];
    if (this.#step !== 'proven') {
      return nowMs - this.#startedAtMs > HANDSHAKE_MS_MAX
        ? this.#close(CLOSE.policy, 'no proof in time')
        : [];
    }
    if (nowMs - this.#heardAtMs > silenceMsMax) return this.#close(CLOSE.silent, 'silent');
    if (nowMs - this.#pingedAtMs < pingMs) return [];
    this.#pingedAtMs = nowMs;
    this.#unansweredAtMs ??= nowMs;
    return [{ do: 'ping' }];
  }

  /** We have closed it, so nothing that still arrives counts. */
  end(): void {
    this.#step = 'over';
  }

  #handle(message: RelayMessage): SessionEffect[] {
    switch (message.action) {
      case 'hello':
        return this.#step === 'hello' ? this.#answerHello(message) : this.#outOfTurn(message);
      case 'challenge':
        return this.#step === 'challenge' ? this.#answerChallenge(message) : this.#outOfTurn(message);
      case 'proof':
        return this.#step === 'proof' ? this.#checkProof(message) : this.#outOfTurn(message);
      default:
        return this.#step === 'proven' ? [{ do: 'news', news: message }] : this.#outOfTurn(message);
    }
  }

  #answerHello(hello: Extract<RelayMessage, { action: 'hello' }>): SessionEffect[] {
    const { self, swarm, ownUrl, nonce } = this.#options;
    if (hello.swarm !== swarm) return this.#close(CLOSE.policy, 'another swarm');
    if (hello.id === self.id) return this.#close(CLOSE.self, 'this is you');
    if (hello.url !== ownUrl) return this.#close(CLOSE.wrongKey, 'not my URL');
    this.#transcript = {
      swarm,
      url: ownUrl,
      diallerId: hello.id,
      acceptorId: self.id,
      diallerNonce: hello.nonce,
      acceptorNonce: nonce,
    };
    const { version = 1, isVisit, sessions } = hello;
    this.#peer = { version, isVisit: isVisit === 1, sessions };
    this.#step = 'proof';
    const signature = self.sign(proofText('acceptor', this.#transcript));
    return [send({ action: 'challenge', id: self.id, nonce, signature, version: RELAY_VERSION })];
  }

  #answerChallenge(challenge: Extract<RelayMessage, { action: 'challenge' }>): SessionEffect[] {
    const { self, swarm, nonce, dialled, verify } = this.#options;
    if (dialled === undefined || challenge.id !== dialled.id)
      return this.#close(CLOSE.wrongKey, 'another key');
    const transcript: Transcript = {
      swarm,
      url: dialled.url,
      diallerId: self.id,
      acceptorId: challenge.id,
      diallerNonce: nonce,
      acceptorNonce: challenge.nonce,
    };
    if (!verify(challenge.id, proofText('acceptor', transcript), challenge.signature)) {
      return this.#close(CLOSE.wrongKey, 'wrong signature');
    }
    this.#step = 'proven';
    this.#peer = { ...UNKNOWN_PEER, version: challenge.version ?? 1 };
    const signature = self.sign(proofText('dialler', transcript));
    return [send({ action: 'proof', signature }), { do: 'proven', id: challenge.id }];
  }

  #checkProof({ signature }: Extract<RelayMessage, { action: 'proof' }>): SessionEffect[] {
    const transcript = this.#transcript!; // set where #step became 'proof'
    if (!this.#options.verify(transcript.diallerId, proofText('dialler', transcript), signature)) {
      return this.#close(CLOSE.wrongKey, 'wrong signature');
    }
    this.#step = 'proven';
    return [{ do: 'proven', id: transcript.diallerId }];
  }

  #outOfTurn({ action }: RelayMessage): SessionEffect[] {
    return this.#close(CLOSE.policy, `${action} out of turn`);
  }

  #close(code: number, reason: string): SessionEffect[] {
    this.#step = 'over';
    return [{ do: 'close', code, reason: reason.slice(0, REASON_CHARS_MAX) }];
  }
}

/** A close frame has room for 123 bytes; our reasons are ASCII, a quoted field name may not be. */
const REASON_CHARS_MAX = 40;

const send = (message: RelayMessage): SessionEffect => ({ do: 'send', text: encodeRelayMessage(message) });

/**
 * Of two proven sessions of the same two relays, which stays: the one that the lower id dialled, so that both decide alike;
 * where one side dialled both, the newer, since it will not have dialled again without need.
 */
export function keepsNewer(
  older: { role: SessionRole },
  newer: { role: SessionRole },
  ownId: string,
  otherId: string,
): boolean {
  if (older.role === newer.role) return true;
  return (newer.role === 'dialler') === ownId < otherId;
}
