// Descriptions of WebRTC sessions, sealed with the room's key and signed by their sender: a server that changes one, or makes one up, is found
// out, so it cannot put itself between two members.
import { toBase64, fromBase64 } from './base64.ts';
import { isSignedBy, type MemberIdentity } from './identity.ts';
import type { RoomSecrets } from './room-secrets.ts';
import type { Signal } from './transport.ts';

export interface SignalSeal {
  readonly identity: MemberIdentity;
  readonly secrets: RoomSecrets;
}

const SIGNATURE_BYTES = 64;
export const isProtocolId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

const signedBytes = (room: string, from: string, to: string, json: string): Uint8Array =>
  new TextEncoder().encode(`relay-swarm mesh signal 1\n${room}\n${from}\n${to}\n${json}`);

export async function writeSealedSignal(
  { identity, secrets }: SignalSeal,
  to: string,
  signal: Signal,
): Promise<string> {
  const json = JSON.stringify(signal);
  const signature = await identity.sign(signedBytes(secrets.address, identity.id, to, json));
  const text = new TextEncoder().encode(json);
  const all = new Uint8Array(SIGNATURE_BYTES + text.length);
  all.set(signature);
  all.set(text, SIGNATURE_BYTES);
  return toBase64(await secrets.seal(all));
}

/** Undefined where it is not from this member, not for us, or no signal. */
export async function readSealedSignal(
  { identity, secrets }: SignalSeal,
  from: string,
  sealed: string,
): Promise<Signal | undefined> {
  const bytes = fromBase64(sealed);
  const all = bytes && (await secrets.open(bytes));
  if (!all || all.length < SIGNATURE_BYTES) return undefined;
  const json = new TextDecoder().decode(all.subarray(SIGNATURE_BYTES));
  const signed = signedBytes(secrets.address, from, identity.id, json);
  if (!(await isSignedBy(from, signed, all.subarray(0, SIGNATURE_BYTES)))) return undefined;
  try {
    const signal: unknown = JSON.parse(json);
    return typeof signal === 'object' && signal !== null ? (signal as Signal) : undefined;
  } catch {
    return undefined;
  }
}
