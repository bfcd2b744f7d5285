// What a room's name and password become: an address that servers may know, and a key that they may not. Neither leads back to the
// password but by trying passwords, each of which takes 210,000 rounds.
import { toHex } from '@relay-swarm/protocol/mesh-bytes';
import { asSource } from './identity.ts';

const ROUNDS = 210_000;
const IV_BYTES = 12;

export interface RoomSecrets {
  readonly address: string;
  seal(bytes: Uint8Array): Promise<Uint8Array>;
  /** Undefined where it was sealed with another key, or changed. */
  open(sealed: Uint8Array): Promise<Uint8Array | undefined>;
}

let last: { readonly of: string; readonly secrets: Promise<RoomSecrets> } | undefined;

/** Takes a tenth of a second, so the last room's are kept: pages with several members, and `meshUrls` before `join`. */
export function deriveRoom(name: string, password = ''): Promise<RoomSecrets> {
  const of = JSON.stringify([name, password]);
  if (last?.of !== of) last = { of, secrets: derive(name, password) };
  return last.secrets;
}

async function derive(name: string, password: string): Promise<RoomSecrets> {
  const encoder = new TextEncoder();
  // An empty password counts as one: then whoever knows the name can read
  const secret = await crypto.subtle.importKey('raw', encoder.encode(`p${password}`), 'PBKDF2', false, [
    'deriveBits',
  ]);
  const salt = encoder.encode(`relay-swarm mesh room 1\n${name}`);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(derivation, secret, 512));
  const key = await crypto.subtle.importKey('raw', bits.subarray(32), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  return {
    address: toHex(bits.subarray(0, 32)),
    seal: async (bytes) => {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, asSource(bytes));
      const all = new Uint8Array(IV_BYTES + sealed.byteLength);
      all.set(iv);
      all.set(new Uint8Array(sealed), IV_BYTES);
      return all;
    },
    open: async (sealed) => {
      const iv = asSource(sealed.subarray(0, IV_BYTES));
      try {
        const rest = asSource(sealed.subarray(IV_BYTES));
        return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, rest));
      } catch {
        return undefined;
      }
    },
  };
}
