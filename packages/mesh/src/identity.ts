// Who a member is: an Ed25519 key, made anew for each visit unless the application keeps one. Its public half is the member's id.
import { fromHex, toHex } from '@relay-swarm/protocol/mesh-bytes';

export interface MemberIdentity {
  readonly id: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

const ALGORITHM = 'Ed25519';
const KEYS_MAX = 4_096;

/** From a key pair of WebCrypto, or a new one. Throws where the browser has no Ed25519 (before Chrome 137, Firefox 129, Safari 17). */
export async function createIdentity(pair?: CryptoKeyPair): Promise<MemberIdentity> {
  const { publicKey, privateKey } =
    pair ?? (await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']));
  const id = toHex(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
  return {
    id,
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, privateKey, asSource(bytes))),
  };
}

/** Imported keys are kept, for all rooms of a page together. */
const keys = new Map<string, Promise<CryptoKey>>();

/** Whether the member has signed the bytes. */
export async function isSignedBy(id: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    return await crypto.subtle.verify(ALGORITHM, await keyOf(id), asSource(signature), asSource(bytes));
  } catch {
    return false; // 32 bytes that are no key
  }
}

function keyOf(id: string): Promise<CryptoKey> {
  let key = keys.get(id);
  if (!key) {
    key = crypto.subtle.importKey('raw', asSource(fromHex(id)), ALGORITHM, false, ['verify']);
    keys.set(id, key);
    if (keys.size > KEYS_MAX) keys.delete(keys.keys().next().value!);
  }
  return key;
}

/** WebCrypto's types leave out memory that threads share, which nothing here is. */
export const asSource = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;
