// Answers to clients: node-turn's replies with the integrity and the fingerprint that it leaves out, and our own refusals
// (RFC 8489 §9.2.4). Clients that have not authenticated get a limited number of answers.
import type { TurnEngineOptions } from '../engine.ts';
import type { Authenticated } from '../auth/authenticator.ts';
import type { Nonces } from '../auth/nonce.ts';
import { AddressRateLimit } from '../auth/address-rate-limit.ts';
import { ATTRIBUTE, CLASS, HEADER_BYTES, type ErrorCode } from '../stun/constants.ts';
import { fingerprint } from '../stun/fingerprint.ts';
import { computeIntegrity, integrityBytes } from '../stun/integrity.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { MessageWriter } from '../stun/message-writer.ts';
import type { Counters } from '../turn/counters.ts';
import type { LibraryReply } from './library.ts';

/** Whom to answer. */
export interface Asker {
  readonly from: { readonly address: string; readonly port: number };
  readonly answer: (data: Buffer) => void;
}

/** With what a reply is to be signed. */
export interface Signature {
  readonly who: Authenticated | undefined;
  readonly hasFingerprint: boolean;
}

export class ReplySigner {
  readonly #realm: string;
  readonly #message: MessageReader;
  readonly #writer: MessageWriter;
  readonly #nonces: Nonces;
  readonly #limit: AddressRateLimit;
  readonly #counters: Counters;

  /** `message` is the request that was read last, the one that refusals answer. */
  constructor(
    { realm, limits, randomBytes }: TurnEngineOptions,
    message: MessageReader,
    writer: MessageWriter,
    nonces: Nonces,
    counters: Counters,
  ) {
    this.#realm = realm;
    this.#message = message;
    this.#writer = writer;
    this.#nonces = nonces;
    this.#counters = counters;
    this.#limit = new AddressRateLimit(limits.unauthenticatedPerSecondMax, randomBytes(4).readUInt32BE());
  }

  /** Whether a client that has not authenticated may have another answer. */
  mayAnswer({ from }: Asker, nowMs: number): boolean {
    const may = this.#limit.allows(from.address, nowMs);
    if (!may) this.#counters.drops.rateLimit++;
    return may;
  }

  /** Has node-turn's reply signed once it is written; `signed` and `rejected` hear what it became. */
  watch(
    reply: LibraryReply,
    { who, hasFingerprint }: Signature,
    on: { readonly signed: (answer: Buffer) => void; readonly rejected: () => void },
  ): void {
    const toBuffer = reply.toBuffer.bind(reply);
    const reject = reply.reject.bind(reply);
    reply.toBuffer = () => {
      const answer = sign(toBuffer(), who, hasFingerprint);
      on.signed(answer);
      return answer;
    };
    reply.reject = (code, reason) => {
      this.#count(code);
      on.rejected();
      reject(code, reason);
    };
  }

  refuseStranger(asker: Asker, code: ErrorCode, hasChallenge: boolean, nowMs: number): void {
    if (!this.mayAnswer(asker, nowMs)) return;
    const { address, port } = asker.from;
    const nonce = hasChallenge ? this.#nonces.issue(address, port, nowMs) : undefined;
    this.refuse(asker, code, undefined, nonce);
  }

  refuse({ answer }: Asker, code: ErrorCode, who?: Authenticated, nonce?: string): void {
    this.#count(code);
    const message = this.#message;
    const response = this.#writer.begin(CLASS.error, message.method, message.transactionId).errorCode(code);
    if (message.isClassic) response.classic(message.cookie);
    if (code === 420) response.unknownAttributes(message.unknownTypes());
    if (nonce !== undefined) {
      response.bytes(ATTRIBUTE.realm, Buffer.from(this.#realm));
      response.bytes(ATTRIBUTE.nonce, Buffer.from(nonce, 'latin1'));
    }
    response.finish();
    answer(sign(response.data.subarray(response.start, response.end), who, message.hasFingerprint));
  }

  /** To a Binding request of RFC 3489, which node-turn takes for something else. */
  classicBinding({ from, answer }: Asker): void {
    const { method, transactionId, cookie } = this.#message;
    const response = this.#writer.begin(CLASS.success, method, transactionId).classic(cookie);
    response.mappedAddress(from.address, from.port).finish();
    answer(Buffer.from(response.data.subarray(response.start, response.end)));
  }

  #count(code: number): void {
    const errors = this.#counters.errorResponses;
    errors[code] = (errors[code] ?? 0) + 1;
  }
}

/** node-turn's answer with the integrity (which it forgets in ChannelBind) and the fingerprint that the client is owed. */
export function sign(answer: Buffer, who: Authenticated | undefined, hasFingerprint: boolean): Buffer {
  const integrity = who === undefined ? 0 : 4 + integrityBytes(who.kind);
  const message = Buffer.alloc(answer.length + integrity + (hasFingerprint ? 8 : 0));
  answer.copy(message);
  let at = answer.length;
  if (who !== undefined) {
    const bytes = integrityBytes(who.kind);
    const type = who.kind === 'sha1' ? ATTRIBUTE.messageIntegrity : ATTRIBUTE.messageIntegritySha256;
    at = open(message, at, type, bytes);
    computeIntegrity(who.kind, who.key, message, 0, at - bytes - 4, bytes).copy(message, at - bytes);
  }
  if (hasFingerprint) {
    at = open(message, at, ATTRIBUTE.fingerprint, 4);
    message.writeUInt32BE(fingerprint(message, 0, at - 8), at - 4);
  }
  return message;
}

/** Writes an attribute's head and the message's new length; returns where the attribute ends. */
function open(message: Buffer, at: number, type: number, bytes: number): number {
  message.writeUInt16BE(type, at);
  message.writeUInt16BE(bytes, at + 2);
  message.writeUInt16BE(at + 4 + bytes - HEADER_BYTES, 2);
  return at + 4 + bytes;
}
