// Writes and sends responses to the message that has just been read (RFC 8489 §6.3.1, §9.2.4): signed where the request was, with a
// fingerprint where the request had one, and a limited number to clients that have not authenticated.
import type { TurnEngineOptions } from '../engine.ts';
import type { Authenticated, AuthRefusal } from '../auth/authenticator.ts';
import type { Counters } from './counters.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import { MessageWriter } from '../stun/message-writer.ts';
import type { Nonces } from '../auth/nonce.ts';
import { copyOf, type PacketArena } from '../stun/packet-arena.ts';
import { AddressRateLimit } from '../auth/address-rate-limit.ts';
import { ATTRIBUTE, CLASS, type ErrorCode } from '../stun/constants.ts';
import type { Client } from './allocation.ts';

type Write = (response: MessageWriter) => void;

export class Responder {
  readonly #options: TurnEngineOptions;
  readonly #message: MessageReader;
  readonly #writer: MessageWriter;
  readonly #nonces: Nonces;
  readonly #gate: AddressRateLimit;
  readonly #counters: Counters;

  constructor(
    options: TurnEngineOptions,
    message: MessageReader,
    arena: PacketArena,
    nonces: Nonces,
    counters: Counters,
  ) {
    this.#options = options;
    this.#message = message;
    this.#writer = new MessageWriter(arena);
    this.#nonces = nonces;
    this.#gate = new AddressRateLimit(
      options.limits.unauthenticatedPerSecondMax,
      options.randomBytes(4).readUInt32BE(),
    );
    this.#counters = counters;
  }

  /** Whether a client that has not authenticated may have another answer. */
  mayAnswer(client: Client, nowMs: number): boolean {
    const may = this.#gate.allows(client.address, nowMs);
    if (!may) this.#counters.drops.rateLimit++;
    return may;
  }

  success(client: Client, write: Write, who?: Authenticated): void {
    write(this.#begin(CLASS.success));
    this.#send(client, who);
  }

  /** The response that was sent last. */
  copyOfLast(): Buffer {
    const { data, start, end } = this.#writer;
    return copyOf(data, start, end);
  }

  error(client: Client, code: ErrorCode, who?: Authenticated, write: Write = () => undefined): void {
    const errors = this.#counters.errorResponses;
    errors[code] = (errors[code] ?? 0) + 1;
    write(this.#begin(CLASS.error).errorCode(code));
    this.#send(client, who);
  }

  /** 420, with the types that were not understood. */
  unknownAttributes(client: Client, who?: Authenticated): void {
    this.error(client, 420, who, (response) => response.unknownAttributes(this.#message.unknownTypes()));
  }

  /** Rejects a request without valid credentials. */
  refuse(client: Client, { code, hasChallenge }: AuthRefusal, nowMs: number): void {
    if (!this.mayAnswer(client, nowMs)) return;
    this.error(client, code, undefined, (response) => {
      if (!hasChallenge) return;
      const nonce = this.#nonces.issue(client.address, client.port, nowMs);
      response.bytes(ATTRIBUTE.realm, Buffer.from(this.#options.realm));
      response.bytes(ATTRIBUTE.nonce, Buffer.from(nonce, 'latin1'));
    });
  }

  #begin(messageClass: number): MessageWriter {
    const { method, transactionId, isClassic, cookie } = this.#message;
    const response = this.#writer.begin(messageClass, method, transactionId);
    return isClassic ? response.classic(cookie) : response;
  }

  #send(client: Client, who: Authenticated | undefined): void {
    const response = this.#writer;
    const { software } = this.#options;
    if (software !== '') response.bytes(ATTRIBUTE.software, Buffer.from(software));
    if (who !== undefined) response.integrity(who.kind, who.key);
    if (this.#message.hasFingerprint) response.fingerprint();
    response.finish();
    client.send(response.data, response.start, response.end);
  }
}
