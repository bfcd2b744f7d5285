// WebSocket frames as finished bytes, to be written to any number of connections (RFC 6455 §5.2: what a server sends is not masked).

const TEXT = 0x81; // FIN and opcode 1

/** The frame of an empty ping (RFC 6455 §5.5.2). */
export const PING_FRAME: Buffer = Buffer.from([0x89, 0]);

/** Bytes that stand before a payload of this length. */
export function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
}

/** Writes the header of a text frame and returns where its payload begins. */
export function writeTextHeader(target: Buffer, at: number, payloadBytes: number): number {
  target[at] = TEXT;
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

export function textFrame(text: string): Buffer {
  const payloadBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes(payloadBytes) + payloadBytes);
  frame.write(text, writeTextHeader(frame, 0, payloadBytes));
  return frame;
}
