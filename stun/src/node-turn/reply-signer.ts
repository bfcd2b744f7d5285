// Messages on their way through the wall: requests are written anew with only what node-turn reads without harm, and its
// answers get the seals that it leaves out. Pure.
import type { Authenticated } from '../auth/authenticator.ts';
import { fingerprint } from '../stun/fingerprint.ts';
import { computeIntegrity, integrityBytes } from '../stun/integrity.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { MessageWriter } from '../stun/message-writer.ts';
import { ATTRIBUTE, HEADER_BYTES, METHOD } from '../stun/constants.ts';

/** What each method needs; of anything else node-turn might not like the form. */
const KEPT: Readonly<Record<number, readonly number[]>> = {
  [METHOD.allocate]: [ATTRIBUTE.requestedTransport],
  [METHOD.send]: [ATTRIBUTE.xorPeerAddress, ATTRIBUTE.data],
  [METHOD.createPermission]: [ATTRIBUTE.xorPeerAddress],
  [METHOD.channelBind]: [ATTRIBUTE.channelNumber, ATTRIBUTE.xorPeerAddress],
};

/** `lifetimeSeconds` is what the wall has made of LIFETIME. */
export function cleaned(message: MessageReader, writer: MessageWriter, lifetimeSeconds?: number): Buffer {
  const { data, start, end } = message;
  writer.begin(message.class, message.method, message.transactionId, end - start + 8);
  for (const type of KEPT[message.method] ?? []) {
    for (let at = message.find(type); at >= 0; at = message.find(type, at + 1)) {
      const value = message.valueStart(at);
      writer.copy(type, data, value, value + message.valueLength(at));
    }
  }
  if (lifetimeSeconds !== undefined) writer.number(ATTRIBUTE.lifetime, lifetimeSeconds);
  writer.finish();
  return writer.data.subarray(writer.start, writer.end);
}

/** node-turn's answer with the integrity (which it forgets in ChannelBind) and the fingerprint that the client is owed. */
export function sealed(answer: Buffer, who: Authenticated | undefined, hasFingerprint: boolean): Buffer {
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
