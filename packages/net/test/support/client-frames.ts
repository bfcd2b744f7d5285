// Frames as a client sends them (RFC 6455 §5.2), right or wrong, for tests.

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly isFinal?: boolean;
  /** The three reserved bits, as a number from 0 to 7. */
  readonly reserved?: number;
  readonly mask?: readonly [number, number, number, number] | undefined;
  /** Bytes of the length field: 1, 3 or 9; as short as can be where it is not said. */
  readonly lengthBytes?: 1 | 3 | 9;
}

const MASK = [0x37, 0xfa, 0x21, 0x3d] as const; // the RFC's own example

export function clientFrame(parts: FrameParts): Buffer {
  const { opcode, isFinal = true, reserved = 0 } = parts;
  const mask = 'mask' in parts ? parts.mask : MASK;
  const payload = Buffer.from(parts.payload ?? '');
  const { length } = payload;
  const lengthBytes = parts.lengthBytes ?? (length < 126 ? 1 : length < 65_536 ? 3 : 9);
  const header = Buffer.alloc(1 + lengthBytes);
  header[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  header[1] = (mask === undefined ? 0 : 0x80) | (lengthBytes === 1 ? length : lengthBytes === 3 ? 126 : 127);
  if (lengthBytes === 3) header.writeUInt16BE(length, 2);
  else if (lengthBytes === 9) header.writeBigUInt64BE(BigInt(length), 2);
  if (mask === undefined) return Buffer.concat([header, payload]);
  for (let at = 0; at < length; at++) payload[at]! ^= mask[at & 3]!;
  return Buffer.concat([header, Buffer.from(mask), payload]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}
