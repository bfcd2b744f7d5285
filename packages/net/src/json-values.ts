// How many values a JSON text has, before it is parsed: what parsing it costs depends on them more than on its bytes. Pure.

const COMMA = 0x2c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Counts texts, numbers, lists and objects. Commas and brackets inside a text count too, so the result may be too high, never too low. */
export function countJsonValues(bytes: Uint8Array): number {
  const { length } = bytes;
  let count = 1;
  // By index: an iterator would take five times as long
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === COMMA) count++;
    else if (byte === LIST || byte === OBJECT) {
      const next = bytes[at + 1];
      if (next !== LIST_END && next !== OBJECT_END) count++; // its first value
    }
  }
  return count;
}
