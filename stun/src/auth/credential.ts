// Short-lived TURN credentials (draft-uberti-behave-turn-rest-00): the user is "<expiry>:<name>", the password follows from
// the user and a secret, so that no user is stored anywhere. Pure: the clock is passed in. coturn computes the same.
import { createHmac } from 'node:crypto';

export interface Credential {
  readonly username: string;
  /** What RTCIceServer calls `credential`. */
  readonly password: string;
  readonly expiresAtSeconds: number;
}

/** Unix time has 10 digits until the year 2286. */
const USERNAME = /^(\d{1,10})(?::.*)?$/s;

export function mintCredential(
  secret: string,
  { name, nowMs, ttlSeconds }: { name: string; nowMs: number; ttlSeconds: number },
): Credential {
  const expiresAtSeconds = Math.floor(nowMs / 1000) + ttlSeconds;
  const username = `${expiresAtSeconds}:${name}`;
  return { username, password: passwordOf(username, secret), expiresAtSeconds };
}

/** The draft fixes HMAC-SHA1 and base64; the secret is used as the text it is, as coturn does. */
export function passwordOf(username: string, secret: string): string {
  return createHmac('sha1', secret).update(username, 'utf8').digest('base64');
}

/** When the user expires (Unix seconds), or undefined where the name is not one of ours. */
export function expiryOf(username: string): number | undefined {
  const digits = USERNAME.exec(username)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The name behind the expiry, which a client keeps when it renews its credential; the whole name where there is none. */
export function nameOf(username: string): string {
  const colon = username.indexOf(':');
  return colon < 0 ? username : username.slice(colon + 1);
}
