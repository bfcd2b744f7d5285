// Where the `info` dictionary of a .torrent stands: its info hash is SHA-1 over these bytes as they are (BEP 3). No library, because nothing
// else of the file is looked at. Pure.

const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const [DICTIONARY, END, INTEGER, LIST] = [0x64, 0x65, 0x69, 0x6c];
const DEPTH_MAX = 32;

/** The bytes of the value of `info` in the outermost dictionary. */
export function findInfo<B extends Uint8Array>(bytes: B): B | undefined {
  if (bytes[0] !== DICTIONARY) return undefined;
  let at = 1;
  while (at < bytes.length && bytes[at] !== END) {
    const key = readText(bytes, at);
    if (key === undefined) return undefined;
    const end = skip(bytes, key.end, 0);
    if (end === undefined) return undefined;
    if (key.text === 'info') return bytes.subarray(key.end, end) as B;
    at = end;
  }
  return undefined;
}

/** Where the value that starts here ends. */
function skip(bytes: Uint8Array, start: number, depth: number): number | undefined {
  const first = bytes[start];
  if (first === INTEGER) {
    const end = bytes.indexOf(END, start);
    return end < 0 ? undefined : end + 1;
  }
  if (first !== LIST && first !== DICTIONARY) return readText(bytes, start)?.end;
  if (depth >= DEPTH_MAX) return undefined;
  let at: number | undefined = start + 1;
  while (at !== undefined && at < bytes.length) {
    if (bytes[at] === END) return at + 1;
    at = skip(bytes, at, depth + 1);
  }
  return undefined;
}

function readText(bytes: Uint8Array, start: number): { text: string; end: number } | undefined {
  let length = 0;
  let at = start;
  for (; bytes[at] !== COLON; at++) {
    const digit = (bytes[at] ?? MINUS) - ZERO;
    if (digit < 0 || digit > 9 || at - start > 9) return undefined;
    length = length * 10 + digit;
  }
  const end = at + 1 + length;
  if (at === start || end > bytes.length) return undefined;
  // Keys are short; what else is text here is never looked at.
  return { text: length > 64 ? '' : String.fromCharCode(...bytes.subarray(at + 1, end)), end };
}
