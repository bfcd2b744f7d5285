// What stands between clients and node-turn: it sees requests only when they are well-formed, signed, allowed and within the
// limits, and written anew (re-encode.ts). Everything else is answered here or dropped. Sockets are passed in.
import type { RemoteInfo } from 'node:dgram';
import { Authenticator, type Authenticated } from '../auth/authenticator.ts';
import { priceOf } from '../auth/control-limits.ts';
import { NONCE_KEY_BYTES, Nonces } from '../auth/nonce.ts';
import type { TurnEngineOptions } from '../engine.ts';
import {
  ATTRIBUTE,
  CHANNEL_HEADER_BYTES,
  CHANNEL_NUMBER_MAX,
  CHANNEL_NUMBER_MIN,
  CLASS,
  FAMILY_IPV4,
  METHOD,
  PROTOCOL_UDP,
  type ErrorCode,
} from '../stun/constants.ts';
import { MessageReader } from '../stun/message-reader.ts';
import { MessageWriter } from '../stun/message-writer.ts';
import { PacketArena } from '../stun/packet-arena.ts';
import { bucketsOf } from '../turn/bandwidth.ts';
import type { Counters } from '../turn/counters.ts';
import { isTooOld } from '../turn/requests.ts';
import { createEnginePeerPolicy } from '../turn/peer-policy.ts';
import { AllocationOwners, type FiveTuple, type Owner } from './allocation-owners.ts';
import type { AllocationSession, SessionContext } from './allocation-session.ts';
import type { LibraryAllocation, LibraryHooks, LibraryReply } from './library.ts';
import { reEncode } from './re-encode.ts';
import { ReplySigner, type Asker, type Signature } from './reply-signer.ts';

/** Where a datagram came from, and the two ways on. */
export interface Arrival extends Asker {
  readonly fiveTuple: FiveTuple;
  readonly from: RemoteInfo;
  /** Hands a request to node-turn, which handles it before this returns; only its Allocate answers later. */
  readonly passOn: (request: Buffer) => void;
}

interface Passing extends Signature {
  /** The one whose Allocate it is. */
  readonly newOwner: Owner | undefined;
  /** node-turn has understood the request. */
  isUnderstood?: boolean;
}

export class RequestGuard implements LibraryHooks {
  readonly owners: AllocationOwners;
  readonly #options: TurnEngineOptions;
  readonly #counters: Counters;
  readonly #graceMs: number;
  readonly #context: Omit<SessionContext, 'at'>;
  readonly #authenticator: Authenticator;
  readonly #message = new MessageReader();
  readonly #writer = new MessageWriter(new PacketArena());
  readonly #replies: ReplySigner;
  /** The request that node-turn is handling now. */
  #passing: Passing | undefined;

  constructor(options: TurnEngineOptions, announced: string, counters: Counters) {
    const { limits, monotonicMs, randomBytes } = options;
    this.#options = options;
    this.#counters = counters;
    this.#graceMs = options.lifetimes.expiredGraceSeconds * 1000;
    this.#context = {
      limits,
      counters,
      announced,
      monotonicMs,
      mayReach: createEnginePeerPolicy(options, [announced]),
      toPeers: bucketsOf(limits.bytesPerSecondMax, monotonicMs()),
      toClients: bucketsOf(limits.bytesPerSecondMax, monotonicMs()),
    };
    this.owners = new AllocationOwners(options, this.#context, counters);
    const nonces = new Nonces(randomBytes(NONCE_KEY_BYTES), options.lifetimes.nonceSeconds);
    this.#authenticator = new Authenticator(options, nonces, counters);
    this.#replies = new ReplySigner(options, this.#message, this.#writer, nonces, counters);
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
    const session = this.owners.of(fiveTuple)?.session;
    if (end > data.length) drops.malformed++;
    else if (session === undefined) drops.noChannel++;
    else session.sendOnChannel(data.readUInt16BE(0), data.subarray(CHANNEL_HEADER_BYTES, end));
  }

  #receiveSend({ fiveTuple, passOn }: Arrival): void {
    const message = this.#message;
    const { drops } = this.#counters;
    const at = message.find(ATTRIBUTE.xorPeerAddress);
    const peer = at < 0 ? undefined : message.xorAddress(at);
    if (!this.owners.of(fiveTuple)?.session) drops.unexpected++;
    else if (peer === undefined || peer.port === 0 || !message.has(ATTRIBUTE.data) || message.hasUnknown)
      drops.malformed++;
    else this.#pass(passOn, { who: undefined, hasFingerprint: false, newOwner: undefined });
  }

  #receiveRequest(arrival: Arrival): void {
    const message = this.#message;
    const nowMs = this.#options.monotonicMs();
    if (message.method === METHOD.binding) {
      this.#receiveBinding(arrival, nowMs);
      return;
    }
    const client = { ...CLIENT, address: arrival.from.address, port: arrival.from.port };
    const who = this.#authenticator.check(message, client, nowMs);
    if (who === undefined) return;
    if ('code' in who) this.#replies.refuseStranger(arrival, who.code, who.hasChallenge, nowMs);
    else if (message.hasUnknown) this.#replies.refuse(arrival, 420, who);
    else if (isTooOld(who, message, this.owners.of(arrival.fiveTuple) !== undefined, this.#graceMs)) {
      this.#counters.authFailures.expired++;
      this.#replies.refuseStranger(arrival, 401, true, nowMs);
    } else if (message.method === METHOD.allocate) this.#allocate(arrival, who, nowMs);
    else this.#receiveForAllocation(arrival, who);
  }

  #receiveBinding(arrival: Arrival, nowMs: number): void {
    const { hasFingerprint, hasUnknown, isClassic } = this.#message;
    if (!this.#replies.mayAnswer(arrival, nowMs)) return;
    if (hasUnknown) {
      this.#replies.refuse(arrival, 420);
      return;
    }
    this.#counters.bindings++;
    if (isClassic) {
      this.#replies.classicBinding(arrival);
      return;
    }
    this.#pass(arrival.passOn, { who: undefined, hasFingerprint, newOwner: undefined });
  }

  #allocate(arrival: Arrival, who: Authenticated, nowMs: number): void {
    const message = this.#message;
    const { fiveTuple, from } = arrival;
    const owner = this.owners.of(fiveTuple);
    if (owner !== undefined) {
      if (!owner.transactionId.equals(message.transactionId)) this.#replies.refuse(arrival, 437, who);
      else if (owner.session !== undefined) arrival.answer(owner.response);
      return; // still being made: the answer is on its way
    }
    const refusal = this.#allocateRefusal() ?? this.owners.refusal(who, from.address);
    if (refusal !== undefined) {
      this.#replies.refuse(arrival, refusal, who);
      return;
    }
    const newOwner = this.owners.add(fiveTuple, who, from.address, message.transactionId, nowMs);
    const passing: Passing = { who, hasFingerprint: message.hasFingerprint, newOwner };
    this.#pass(arrival.passOn, passing);
    if (passing.isUnderstood !== true) this.owners.forget(newOwner); // otherwise its owner would wait for ever
  }

  /** What of an Allocate node-turn cannot do. */
  #allocateRefusal(): ErrorCode | undefined {
    const message = this.#message;
    const transport = message.number(ATTRIBUTE.requestedTransport, 1);
    if (transport === undefined) return 400;
    if (transport !== PROTOCOL_UDP) return 442;
    if (message.has(ATTRIBUTE.evenPort) || message.has(ATTRIBUTE.reservationToken)) return 508;
    const hasFamily = message.has(ATTRIBUTE.requestedAddressFamily);
    if (hasFamily && message.number(ATTRIBUTE.requestedAddressFamily, 1) !== FAMILY_IPV4) return 440;
    return undefined;
  }

  /** Refresh, CreatePermission, ChannelBind. */
  #receiveForAllocation(arrival: Arrival, who: Authenticated): void {
    const message = this.#message;
    const owner = this.owners.of(arrival.fiveTuple);
    if (owner?.session === undefined) this.#replies.refuse(arrival, 437, who);
    else if (owner.username !== who.username) this.#replies.refuse(arrival, 441, who);
    else if (!owner.account.control.has(1, this.#options.monotonicMs())) this.#counters.drops.rateLimit++;
    else {
      owner.account.control.take(priceOf(message));
      const passing = { who, hasFingerprint: message.hasFingerprint, newOwner: undefined };
      const refusal = message.method === METHOD.refresh ? undefined : this.#peerRefusal(owner.session);
      if (refusal !== undefined) this.#replies.refuse(arrival, refusal, who);
      else {
        this.#pass(arrival.passOn, passing, this.#refreshSeconds());
        owner.session.keepPermissions(
          message.method === METHOD.channelBind ? this.#boundChannel() : undefined,
        );
      }
    }
  }

  #refreshSeconds(): number | undefined {
    if (this.#message.method !== METHOD.refresh) return undefined;
    const { allocationSecondsDefault, allocationSecondsMax } = this.#options.lifetimes;
    const wanted = this.#message.number(ATTRIBUTE.lifetime, 4) ?? allocationSecondsDefault;
    return wanted === 0 ? 0 : Math.max(allocationSecondsDefault, Math.min(wanted, allocationSecondsMax));
  }

  /** Which addresses may be peers, and how many (RFC 8656 §10.2, §12.2). */
  #peerRefusal(session: AllocationSession): ErrorCode | undefined {
    const message = this.#message;
    const { announced, limits, mayReach } = this.#context;
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

  #boundChannel(): { readonly number: number; readonly address: string; readonly port: number } {
    const peer = this.#message.xorAddress(this.#message.find(ATTRIBUTE.xorPeerAddress))!;
    return { ...peer, number: this.#message.number(ATTRIBUTE.channelNumber, 2)! };
  }

  #channelRefusal({ allocation }: AllocationSession): ErrorCode | undefined {
    const number = this.#message.number(ATTRIBUTE.channelNumber, 2);
    if (number === undefined || number < CHANNEL_NUMBER_MIN || number > CHANNEL_NUMBER_MAX) return 400;
    const numbers = Object.keys(allocation.channelBindings);
    const isNew = allocation.channelBindings[number] === undefined;
    return isNew && numbers.length >= this.#options.limits.channelsPerAllocationMax ? 508 : undefined;
  }

  #pass(passOn: (request: Buffer) => void, passing: Passing, lifetimeSeconds?: number): void {
    const request = reEncode(this.#message, this.#writer, lifetimeSeconds);
    this.#passing = passing;
    passOn(request);
    this.#passing = undefined;
  }

  /** node-turn is about to handle a request: only while one of ours is being passed on. */
  onRequest(reply: LibraryReply): boolean {
    const passing = this.#passing;
    if (passing === undefined) return false;
    passing.isUnderstood = true;
    const { newOwner } = passing;
    this.#replies.watch(reply, passing, {
      signed: (answer) => {
        if (newOwner !== undefined) newOwner.response = answer;
      },
      rejected: () => {
        if (newOwner !== undefined) this.owners.forget(newOwner);
      },
    });
    return true;
  }

  onAllocation(allocation: LibraryAllocation): void {
    this.owners.begin(allocation);
  }

  onAllocationEnd(allocation: LibraryAllocation): void {
    this.owners.end(allocation);
  }
}

/** What the authenticator wants to know of a client; node-turn's users keep no key beyond their secret's time. */
const CLIENT = {
  transport: 'udp',
  allocation: undefined,
  send: () => false,
  released: () => undefined,
} as const;
