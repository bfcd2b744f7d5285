// What stands between clients and node-turn: it sees requests only when they are well-formed, signed, allowed and within the
// limits, and written anew (translate.ts). Everything else is answered here or dropped. Sockets are passed in.
import type { RemoteInfo } from 'node:dgram';
import type { TurnEngineOptions } from '../engine.ts';
import { Authenticator, type Authenticated } from '../auth/authenticator.ts';
import { bucketsOf } from '../turn/bandwidth.ts';
import type { Counters } from '../turn/counters.ts';
import { MessageReader } from '../stun/message-reader.ts';
import { MessageWriter } from '../stun/message-writer.ts';
import { NONCE_KEY_BYTES, Nonces } from '../auth/nonce.ts';
import { PacketArena } from '../stun/packet-arena.ts';
import { Quotas, type Account } from '../turn/quotas.ts';
import { SourceGate } from '../auth/unauthenticated-rate-limit.ts';
import {
  ATTRIBUTE,
  CHANNEL_HEADER_BYTES,
  CHANNEL_NUMBER_MIN,
  CLASS,
  FAMILY_IPV4,
  METHOD,
  PROTOCOL_UDP,
  type ErrorCode,
} from '../stun/constants.ts';
import { createEnginePeerPolicy } from '../turn/peer-policy.ts';
import type { LibraryAllocation, LibraryHooks, LibraryReply } from './library.ts';
import { endAllocation, Session, type SessionWorld } from './allocation-session.ts';
import { cleaned, sealed } from './reply-signer.ts';

/** One client, as node-turn names it: "UDP://client:port>host:port". */
type FiveTuple = string;

/** Where a datagram came from, and the two ways on. */
export interface Arrival {
  readonly fiveTuple: FiveTuple;
  readonly from: RemoteInfo;
  readonly answer: (data: Buffer) => void;
  /** Hands a request to node-turn, which handles it before this returns; only its Allocate answers later. */
  readonly passOn: (request: Buffer) => void;
}

interface Owner {
  readonly fiveTuple: FiveTuple;
  readonly username: string;
  readonly account: Account;
  readonly address: string;
  readonly transactionId: Buffer;
  /** Undefined while node-turn looks for a port. */
  session: Session | undefined;
  /** To a repeated Allocate. */
  response: Buffer;
}

interface Passing {
  readonly who: Authenticated | undefined;
  readonly hasFingerprint: boolean;
  /** The one whose Allocate it is. */
  readonly newOwner: Owner | undefined;
  /** node-turn has understood the request. */
  isUnderstood?: boolean;
}

export class Wall implements LibraryHooks {
  isDraining = false;
  readonly #options: TurnEngineOptions;
  readonly #counters: Counters;
  readonly #world: SessionWorld;
  readonly #quotas: Quotas;
  readonly #nonces: Nonces;
  readonly #authenticator: Authenticator;
  readonly #gate: SourceGate;
  readonly #message = new MessageReader();
  readonly #writer = new MessageWriter(new PacketArena());
  readonly #owners = new Map<FiveTuple, Owner>();
  readonly #sessions = new Map<number, Session>();
  /** The request that node-turn is handling now. */
  #passing: Passing | undefined;

  constructor(options: TurnEngineOptions, announced: string, counters: Counters) {
    const { limits, nowMs, randomBytes } = options;
    this.#options = options;
    this.#counters = counters;
    this.#world = {
      limits,
      counters,
      announced,
      nowMs,
      mayReach: createEnginePeerPolicy(options, [announced]),
      toPeers: bucketsOf(limits.bytesPerSecondMax, nowMs()),
      toClients: bucketsOf(limits.bytesPerSecondMax, nowMs()),
      at: (port) => this.#sessions.get(port),
    };
    this.#quotas = new Quotas(limits);
    this.#nonces = new Nonces(randomBytes(NONCE_KEY_BYTES), options.lifetimes.nonceSeconds);
    this.#authenticator = new Authenticator(options, this.#nonces, counters);
    this.#gate = new SourceGate(limits.unauthenticatedPerSecondMax, randomBytes(4).readUInt32BE());
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  get relayPortsFree(): number {
    return this.#options.relayPortMax - this.#options.relayPortMin + 1 - this.#owners.size;
  }

  /** One datagram from a client. Never throws, whatever it is. */
  receive(arrival: Arrival, data: Buffer): void {
    const { drops } = this.#counters;
    const message = this.#message;
    if (arrival.from.port === 0) drops.malformed++;
    else if (data.length >= CHANNEL_HEADER_BYTES && data[0]! >= 0x40 && data[0]! < 0x80) {
      this.#receiveChannelData(arrival, data);
    } else if (!message.read(data, 0, data.length)) drops.malformed++;
    else if (message.class === CLASS.indication && message.method === METHOD.send) this.#receiveSend(arrival);
    else if (message.class === CLASS.request) this.#receiveRequest(arrival);
    else drops.unexpected++;
  }

  #receiveChannelData({ fiveTuple }: Arrival, data: Buffer): void {
    const { drops } = this.#counters;
    const end = CHANNEL_HEADER_BYTES + data.readUInt16BE(2);
    const session = this.#owners.get(fiveTuple)?.session;
    if (end > data.length) drops.malformed++;
    else if (session === undefined) drops.noChannel++;
    else session.sendOnChannel(data.readUInt16BE(0), data.subarray(CHANNEL_HEADER_BYTES, end));
  }

  #receiveSend({ fiveTuple, passOn }: Arrival): void {
    const message = this.#message;
    const { drops } = this.#counters;
    const at = message.find(ATTRIBUTE.xorPeerAddress);
    const peer = at < 0 ? undefined : message.xorAddress(at);
    if (!this.#owners.get(fiveTuple)?.session) drops.unexpected++;
    else if (peer === undefined || peer.port === 0 || !message.has(ATTRIBUTE.data) || message.hasUnknown)
      drops.malformed++;
    else this.#pass(passOn, { who: undefined, hasFingerprint: false, newOwner: undefined });
  }

  #receiveRequest(arrival: Arrival): void {
    const message = this.#message;
    if (message.method === METHOD.binding) {
      this.#receiveBinding(arrival);
      return;
    }
    const nowMs = this.#options.nowMs();
    const client = { ...CLIENT, address: arrival.from.address, port: arrival.from.port };
    const who = this.#authenticator.check(message, client, nowMs);
    if (who === undefined) return;
    if ('code' in who) this.#refuseStranger(arrival, who.code, who.hasChallenge, nowMs);
    else if (message.hasUnknown) this.#refuse(arrival, 420, who);
    else if (message.method === METHOD.allocate) this.#allocate(arrival, who, nowMs);
    else this.#receiveForAllocation(arrival, who);
  }

  #receiveBinding(arrival: Arrival): void {
    const { hasFingerprint, hasUnknown } = this.#message;
    if (!this.#mayAnswer(arrival, this.#options.nowMs())) return;
    if (hasUnknown) {
      this.#refuse(arrival, 420);
      return;
    }
    this.#counters.bindings++;
    this.#pass(arrival.passOn, { who: undefined, hasFingerprint, newOwner: undefined });
  }

  #allocate(arrival: Arrival, who: Authenticated, nowMs: number): void {
    const message = this.#message;
    const { fiveTuple, from } = arrival;
    const owner = this.#owners.get(fiveTuple);
    if (owner !== undefined) {
      if (!owner.transactionId.equals(message.transactionId)) this.#refuse(arrival, 437, who);
      else if (owner.session !== undefined) arrival.answer(owner.response);
      return; // still being made: the answer is on its way
    }
    if (who.isExpired) {
      this.#counters.authFailures.expired++;
      this.#refuseStranger(arrival, 401, true, nowMs);
      return;
    }
    const refusal = this.#allocateRefusal(who, from.address);
    if (refusal !== undefined) {
      this.#refuse(arrival, refusal, who);
      return;
    }
    const newOwner: Owner = {
      fiveTuple,
      username: who.username,
      account: this.#quotas.take(who.account, from.address, nowMs),
      address: from.address,
      transactionId: Buffer.from(message.transactionId),
      session: undefined,
      response: Buffer.alloc(0),
    };
    this.#owners.set(fiveTuple, newOwner);
    const passing: Passing = { who, hasFingerprint: message.hasFingerprint, newOwner };
    this.#pass(arrival.passOn, passing);
    if (passing.isUnderstood !== true) this.#forget(newOwner); // or it would wait for ever
  }

  #allocateRefusal({ account }: Authenticated, address: string): ErrorCode | undefined {
    const message = this.#message;
    const transport = message.number(ATTRIBUTE.requestedTransport, 1);
    if (transport === undefined) return 400;
    if (transport !== PROTOCOL_UDP) return 442;
    if (message.has(ATTRIBUTE.evenPort) || message.has(ATTRIBUTE.reservationToken)) return 508;
    const hasFamily = message.has(ATTRIBUTE.requestedAddressFamily);
    if (hasFamily && message.number(ATTRIBUTE.requestedAddressFamily, 1) !== FAMILY_IPV4) return 440;
    if (this.isDraining || this.relayPortsFree <= 0) return 508;
    return this.#quotas.refusal(account, address, 1);
  }

  /** Refresh, CreatePermission, ChannelBind. */
  #receiveForAllocation(arrival: Arrival, who: Authenticated): void {
    const message = this.#message;
    const owner = this.#owners.get(arrival.fiveTuple);
    if (owner?.session === undefined) this.#refuse(arrival, 437, who);
    else if (owner.username !== who.username) this.#refuse(arrival, 441, who);
    else {
      const passing = { who, hasFingerprint: message.hasFingerprint, newOwner: undefined };
      const refusal = message.method === METHOD.refresh ? undefined : this.#peerRefusal(owner.session);
      if (refusal !== undefined) this.#refuse(arrival, refusal, who);
      else this.#pass(arrival.passOn, passing, this.#refreshSeconds());
    }
  }

  #refreshSeconds(): number | undefined {
    if (this.#message.method !== METHOD.refresh) return undefined;
    const { allocationSecondsDefault, allocationSecondsMax } = this.#options.lifetimes;
    const wanted = this.#message.number(ATTRIBUTE.lifetime, 4) ?? allocationSecondsDefault;
    return wanted === 0 ? 0 : Math.max(allocationSecondsDefault, Math.min(wanted, allocationSecondsMax));
  }

  /** Who may be a peer, and how many (RFC 8656 §10.2, §12.2). */
  #peerRefusal(session: Session): ErrorCode | undefined {
    const message = this.#message;
    const { announced, limits, mayReach } = this.#world;
    const addresses = new Set(session.permissions());
    for (
      let at = message.find(ATTRIBUTE.xorPeerAddress);
      at >= 0;
      at = message.find(ATTRIBUTE.xorPeerAddress, at + 1)
    ) {
      const peer = message.xorAddress(at);
      if (peer === undefined) return 400;
      if (peer.address.includes(':')) return 443;
      if (peer.address !== announced && !mayReach(peer.address)) return 403;
      addresses.add(peer.address);
    }
    if (addresses.size > limits.permissionsPerAllocationMax) return 508;
    return message.method === METHOD.channelBind ? this.#channelRefusal(session) : undefined;
  }

  #channelRefusal({ allocation }: Session): ErrorCode | undefined {
    const number = this.#message.number(ATTRIBUTE.channelNumber, 2);
    if (number === undefined || number < CHANNEL_NUMBER_MIN || number > this.#options.channelNumberMax)
      return 400;
    const numbers = Object.keys(allocation.channelBindings);
    const isNew = allocation.channelBindings[number] === undefined;
    return isNew && numbers.length >= this.#options.limits.channelsPerAllocationMax ? 508 : undefined;
  }

  #pass(passOn: (request: Buffer) => void, passing: Passing, lifetimeSeconds?: number): void {
    const request = cleaned(this.#message, this.#writer, lifetimeSeconds);
    this.#passing = passing;
    passOn(request);
    this.#passing = undefined;
  }

  /** node-turn is about to handle a request: only while one of ours is being passed on. */
  onRequest(reply: LibraryReply): boolean {
    const passing = this.#passing;
    if (passing === undefined) return false;
    passing.isUnderstood = true;
    const { who, hasFingerprint, newOwner } = passing;
    const toBuffer = reply.toBuffer.bind(reply);
    const reject = reply.reject.bind(reply);
    reply.toBuffer = () => {
      const answer = sealed(toBuffer(), who, hasFingerprint);
      if (newOwner !== undefined) newOwner.response = answer;
      return answer;
    };
    reply.reject = (code, reason) => {
      this.#countError(code);
      if (newOwner !== undefined) this.#forget(newOwner);
      reject(code, reason);
    };
    return true;
  }

  onAllocation(allocation: LibraryAllocation): void {
    const owner = this.#owners.get(allocation.fiveTuple);
    if (owner === undefined) {
      // The engine was closed meanwhile. node-turn sets the timer right after this.
      queueMicrotask(() => endAllocation(allocation));
    } else {
      owner.session = new Session(allocation, owner.account, this.#world);
      this.#sessions.set(owner.session.port, owner.session);
      this.#counters.allocationsTotal++;
    }
  }

  onAllocationEnd({ fiveTuple }: LibraryAllocation): void {
    const owner = this.#owners.get(fiveTuple);
    if (owner !== undefined) this.#forget(owner);
  }

  #forget(owner: Owner): void {
    this.#owners.delete(owner.fiveTuple);
    this.#quotas.give(owner.account, owner.address, this.#options.nowMs());
    if (owner.session === undefined) return;
    this.#sessions.delete(owner.session.port);
    owner.session.end();
  }

  /** Allocations that node-turn is still making will find nobody waiting. */
  close(): void {
    for (const owner of [...this.#owners.values()]) this.#forget(owner);
  }

  #refuseStranger(arrival: Arrival, code: ErrorCode, hasChallenge: boolean, nowMs: number): void {
    if (!this.#mayAnswer(arrival, nowMs)) return;
    const { address, port } = arrival.from;
    const nonce = hasChallenge ? this.#nonces.issue(address, port, nowMs) : undefined;
    this.#refuse(arrival, code, undefined, nonce);
  }

  #mayAnswer({ from }: Arrival, nowMs: number): boolean {
    const may = this.#gate.allows(from.address, nowMs);
    if (!may) this.#counters.drops.rateLimit++;
    return may;
  }

  #refuse({ answer }: Arrival, code: ErrorCode, who?: Authenticated, nonce?: string): void {
    this.#countError(code);
    const message = this.#message;
    const response = this.#writer.begin(CLASS.error, message.method, message.transactionId).errorCode(code);
    if (code === 420) response.unknownAttributes(message.unknownTypes());
    if (nonce !== undefined) {
      response.bytes(ATTRIBUTE.realm, Buffer.from(this.#options.realm));
      response.bytes(ATTRIBUTE.nonce, Buffer.from(nonce, 'latin1'));
    }
    response.finish();
    answer(sealed(response.data.subarray(response.start, response.end), who, message.hasFingerprint));
  }

  #countError(code: number): void {
    const errors = this.#counters.errorResponses;
    errors[code] = (errors[code] ?? 0) + 1;
  }
}

/** What the authenticator wants to know of a client; node-turn's users keep no key beyond their secret's time. */
const CLIENT = {
  transport: 'udp',
  allocation: undefined,
  send: () => false,
  released: () => undefined,
} as const;
