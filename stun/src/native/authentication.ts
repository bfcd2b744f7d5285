// Long-term credentials (RFC 8489 §9.2.4): who sent this request, or what to answer instead. Nothing is kept of a stranger.
import type { Authenticate, Credential } from '../engine.ts';
import type { Counters } from './counters.ts';
import { hasIntegrity, integrityKind, type IntegrityKind } from './integrity.ts';
import type { MessageReader } from './message-reader.ts';
import type { Nonces } from './nonce.ts';
import { ATTRIBUTE, type ErrorCode } from './vocabulary.ts';
import type { Client } from './world.ts';

/** RFC 8489 §14.3. */
const USERNAME_BYTES_MAX = 508;

export interface Authenticated {
  readonly username: string;
  readonly account: string;
  readonly isExpired: boolean;
  /** With which the response is to be sealed. */
  readonly key: Buffer;
  readonly kind: IntegrityKind;
}

/** `hasChallenge`: the answer carries REALM and a new NONCE. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly hasChallenge: boolean;
}

export class Authenticator {
  readonly #realm: string;
  readonly #authenticate: Authenticate;
  readonly #nonces: Nonces;
  readonly #counters: Counters;

  constructor(realm: string, authenticate: Authenticate, nonces: Nonces, counters: Counters) {
    this.#realm = realm;
    this.#authenticate = authenticate;
    this.#nonces = nonces;
    this.#counters = counters;
  }

  check(message: MessageReader, client: Client, nowMs: number): Authenticated | Refusal {
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
    if (realm !== this.#realm) {
      failures.wrongRealm++;
      return { code: 401, hasChallenge: true };
    }
    const username = name.toString('utf8');
    const credential = this.#credentialOf(username, client);
    if (credential === undefined) {
      failures.unknownUser++;
      return { code: 401, hasChallenge: true };
    }
    const key = credential.keys.find((one) => hasIntegrity(message, kind, one));
    if (key === undefined) {
      failures.wrongPassword++;
      return { code: 401, hasChallenge: true };
    }
    return { username, account: credential.account, isExpired: credential.isExpired, key, kind };
  }

  /** Who has an allocation keeps the key that made it, also when its name expires or its secret is rotated away. */
  #credentialOf(username: string, client: Client): Credential | undefined {
    const allocation = client.allocation;
    return allocation?.username === username
      ? { keys: [allocation.key], account: allocation.account.name, isExpired: false }
      : this.#authenticate(username);
  }
}
