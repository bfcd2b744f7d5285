// What an id and a token may look like, and the signed token with which an operator allows a client to use an id. Pure but for the hash.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** PeerJS's own rule; its client follows it, its server does not ask. */
const ID = /^[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*$/;
/** Whatever an application uses, a JSON Web Token for example. PeerJS's client does not encode it, so a "+" comes as a blank. */
const TOKEN = /^[\x20-\x7e]{1,1024}$/;
const SIGNED_TOKEN = /^(\d{1,12})\.([0-9a-f]{64})$/;

export const isId = (text: string, charsMax: number): boolean => text.length <= charsMax && ID.test(text);

export const isToken = (text: string): boolean => TOKEN.test(text);

/** `<expiry, Unix seconds>.<HMAC-SHA256 of "expiry.id" in hex>`; the key is the secret's text as it stands in the settings. */
export function signToken(secret: string, id: string, expiresAtSeconds: number): string {
  return `${expiresAtSeconds}.${sign(secret, id, String(expiresAtSeconds)).toString('hex')}`;
}

/** Whether the operator signed this token for this id and it has not expired. */
export function isSignedToken(secret: string, id: string, token: string, nowSeconds: number): boolean {
  const [, expiry, signature] = SIGNED_TOKEN.exec(token) ?? [];
  if (expiry === undefined || signature === undefined) return false;
  const isGenuine = timingSafeEqual(Buffer.from(signature, 'hex'), sign(secret, id, expiry));
  return isGenuine && Number(expiry) > nowSeconds;
}

const sign = (secret: string, id: string, expiry: string): Buffer =>
  createHmac('sha256', secret).update(`${expiry}.${id}`).digest();
