// What an engine needs of a user name: the keys that its requests may be signed with, and whether it has expired.
import type { Authenticate } from '../engine.ts';
import { longTermKey } from '../stun/integrity.ts';
import { expiryOf, nameOf, passwordOf } from './credential.ts';

export interface AuthenticateOptions {
  /** The current secret, and the previous one while it is being replaced. */
  readonly secrets: () => readonly string[];
  readonly realm: string;
  /** Unix time in milliseconds. */
  readonly wallClockMs: () => number;
}

/** Users are not stored, so every well-formed name has a key; only a client that was given a credential can sign with it. */
export function createAuthenticate({ secrets, realm, wallClockMs }: AuthenticateOptions): Authenticate {
  return (username) => {
    const expiry = expiryOf(username);
    if (expiry === undefined) return undefined;
    return {
      keys: secrets().map((secret) => longTermKey(username, realm, passwordOf(username, secret))),
      account: nameOf(username),
      expiresInMs: expiry * 1000 - wallClockMs(),
    };
  };
}
