// The 20-byte ids of the WebTorrent protocol: in memory a string of 20 characters U+0000–U+00FF, on the wire the same as a JSON string.
// One id has many spellings ("é" may be the character or \u00e9), so ids are compared decoded.

export const ID_CHARS = 20;

const scratch = Buffer.alloc(ID_CHARS);
const QUOTED_CHARS: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x5c: 0x5c,
  0x2f: 0x2f,
  0x62: 8,
  0x66: 12,
  0x6e: 10,
  0x72: 13,
  0x74: 9,
};

/** Reads the id whose JSON string stands between `start` and `end` (without quotes); undefined where it is not 20 characters up to U+00FF. */
export function decodeId(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start < ID_CHARS || end - start > 6 * ID_CHARS) return undefined;
  let length = 0;
  for (let at = start; at < end; length++) {
    if (length === ID_CHARS) return undefined;
    const byte = bytes[at]!;
    if (byte === 0x5c) {
      const escape = bytes[at + 1]!;
      if (escape === 0x75) {
        const code = parseInt(bytes.toString('latin1', at + 2, at + 6), 16);
        if (!(code <= 0xff)) return undefined;
        scratch[length] = code;
        at += 6;
      } else {
        scratch[length] = QUOTED_CHARS[escape]!;
        at += 2;
      }
    } else if (byte < 0x80) {
      scratch[length] = byte;
      at += 1;
    } else if (byte === 0xc2 || byte === 0xc3) {
      scratch[length] = ((byte & 3) << 6) | (bytes[at + 1]! & 0x3f);
      at += 2;
    } else return undefined;
  }
  return length === ID_CHARS ? scratch.toString('latin1', 0, ID_CHARS) : undefined;
}

/** The id as 40 hexadecimal digits, for people, lists and URLs. */
export function idToHex(id: string): string {
  return Buffer.from(id, 'latin1').toString('hex');
}
