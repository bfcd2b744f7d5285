// Requests on their way to node-turn, written anew with only what it reads without harm. Pure.
import type { MessageReader } from '../stun/message-reader.ts';
import type { MessageWriter } from '../stun/message-writer.ts';
import { ATTRIBUTE, METHOD } from '../stun/constants.ts';

/** What each method needs; of anything else node-turn might not like the form. */
const KEPT: Readonly<Record<number, readonly number[]>> = {
  [METHOD.allocate]: [ATTRIBUTE.requestedTransport],
  [METHOD.send]: [ATTRIBUTE.xorPeerAddress, ATTRIBUTE.data],
  [METHOD.createPermission]: [ATTRIBUTE.xorPeerAddress],
  [METHOD.channelBind]: [ATTRIBUTE.channelNumber, ATTRIBUTE.xorPeerAddress],
};

/** `lifetimeSeconds` is what the guard has made of LIFETIME. */
export function reEncode(message: MessageReader, writer: MessageWriter, lifetimeSeconds?: number): Buffer {
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
