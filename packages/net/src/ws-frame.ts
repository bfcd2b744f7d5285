// WebSocket frames as a server writes them, as finished bytes: final and not masked (RFC 6455 §5.2). Pure.

const FINAL = 0x80;
const CLOSE = 8;
const FINAL_TEXT = 0x81; // FIN and opcode 1

/** The frame of an empty ping (RFC 6455 §5.5.2). */
export const PING_FRAME: Buffer = Buffer.from([0x89, 0]);

/** Bytes that stand before a payload of this length. */
export function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
}

/** Writes the header of a text frame and returns where its payload begins. */
export function writeTextHeader(target: Buffer, at: number, payloadBytes: number): number {
  target[at] = FINAL_TEXT;
  if (payloadBytes < 126) {
    target[at + 1] = payloadBytes;
    return at + 2;
  }
  if (payloadBytes < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = payloadBytes >> 8;
    target[at + 3] = payloadBytes & 0xff;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeUInt32BE(0, at + 2);
  target.writeUInt32BE(payloadBytes, at + 6);
  return at + 10;
}

/** A frame in memory of its own, to be kept as long as one likes: a small piece of Node's pool would keep 8 KB. */
export function textFrame(text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafeSlow(headerBytes(payloadBytes) + payloadBytes);
  frame.write(text, writeTextHeader(frame, 0, payloadBytes));
  return frame;
}

/** A close frame (RFC 6455 §5.5.1); the reason has at most 123 bytes. Without a code it says nothing. */
export function closeFrame(code?: number, reason = ''): Buffer {
  if (code === undefined) return controlFrame(CLOSE, Buffer.alloc(0));
  const payload = Buffer.allocUnsafeSlow(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return controlFrame(CLOSE, payload);
}

/** A control frame; its payload has at most 125 bytes. */
export function controlFrame(opcode: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(2 + payload.length);
  frame[0] = FINAL | opcode;
  frame[1] = payload.length;
  frame.set(payload, 2);
  return frame;
}
