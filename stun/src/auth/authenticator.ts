// Long-term credentials (RFC 8489 §9.2.4): which user sent this request, or what to answer instead. Nothing is stored for strangers.
import type { Authenticate, Credential, TurnEngineOptions } from '../engine.ts';
import type { Counters } from '../turn/counters.ts';
import { hasIntegrity, integrityKind, type IntegrityKind } from '../stun/integrity.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { Nonces } from './nonce.ts';
import { AddressRateLimit } from './address-rate-limit.ts';
import { ControlLimits, priceOf } from './control-limits.ts';
import { ATTRIBUTE, type ErrorCode } from '../stun/constants.ts';
import type { Client } from '../turn/allocation.ts';

/** RFC 8489 §14.3. */
const USERNAME_BYTES_MAX = 508;

export interface Authenticated {
  readonly username: string;
  readonly account: string;
  /** As in `Credential`. */
  readonly expiresInMs: number;
  /** The key that signs the response. */
  readonly key: Buffer;
  readonly kind: IntegrityKind;
}

/** `hasChallenge`: the answer carries REALM and a new NONCE. */
export interface AuthRefusal {
  readonly code: ErrorCode;
  readonly hasChallenge: boolean;
}

export class Authenticator {
  readonly #realm: string;
  readonly #authenticate: Authenticate;
  readonly #nonces: Nonces;
  readonly #counters: Counters;
  /** Wrong names and passwords; each costs as much as ten other requests. The nonce is checked first, so the source is not forged. */
  readonly #failures: AddressRateLimit;
  readonly #controls: ControlLimits;

  constructor(options: TurnEngineOptions, nonces: Nonces, counters: Counters) {
    const { realm, authenticate, limits, randomBytes } = options;
    this.#realm = realm;
    this.#authenticate = authenticate;
    this.#nonces = nonces;
    this.#counters = counters;
    this.#failures = new AddressRateLimit(limits.unauthenticatedPerSecondMax, randomBytes(4).readUInt32BE());
    this.#controls = new ControlLimits(limits, randomBytes(4).readUInt32BE());
  }

  /** Undefined: the client has asked or failed too often in this second, and is not answered. */
  check(message: MessageReader, client: Client, nowMs: number): Authenticated | AuthRefusal | undefined {
    const failures = this.#counters.authFailures;
    const kind = integrityKind(message);
    if (kind === undefined) return { code: 401, hasChallenge: true };

    const name = message.bytes(ATTRIBUTE.username);
    const realm = message.text(ATTRIBUTE.realm);
    const nonce = message.bytes(ATTRIBUTE.nonce);
    if (
      name === undefined ||
      realm === undefined ||
      nonce === undefined ||
      name.length > USERNAME_BYTES_MAX
    ) {
      return { code: 400, hasChallenge: false };
    }
    if (!this.#nonces.isFresh(nonce, client.address, client.port, nowMs)) {
      failures.staleNonce++;
      return { code: 438, hasChallenge: true };
    }
    // From here on the address is known to be the client's own: only it has received this nonce.
    if (!this.#controls.isOpen(client, nowMs)) {
      this.#counters.drops.rateLimit++;
      client.hold?.();
      return undefined;
    }
    this.#controls.charge(client, priceOf(message), nowMs);
    if (realm !== this.#realm) {
      failures.wrongRealm++;
      return { code: 401, hasChallenge: true };
    }
    const username = name.toString('utf8');
    const kept = keptCredential(client, username, nowMs);
    if (kept === undefined && !this.#failures.isOpen(client.address, nowMs)) {
      this.#counters.drops.rateLimit++;
      return undefined;
    }
    const credential = kept ?? this.#authenticate(username);
    const key = credential?.keys.find((one) => hasIntegrity(message, kind, one));
    if (credential === undefined || key === undefined) {
      failures[credential === undefined ? 'unknownUser' : 'wrongPassword']++;
      this.#failures.allows(client.address, nowMs);
      return { code: 401, hasChallenge: true };
    }
    return { username, account: credential.account, expiresInMs: credential.expiresInMs, key, kind };
  }
}

/** A client with an allocation keeps the key that made it, also when its secret has been replaced. */
function keptCredential({ allocation }: Client, username: string, nowMs: number): Credential | undefined {
  return allocation?.username === username && allocation.isAlive(nowMs)
    ? {
        keys: [allocation.key],
        account: allocation.account.name,
        expiresInMs: allocation.expiresAtMs - nowMs,
      }
    : undefined;
}
