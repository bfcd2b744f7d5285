// Changes inputs as fuzzers do: bytes, blocks, numbers at their borders, words of the format, parts of another input. Pure: the dice are passed in.

export type Dice = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const BYTES_MAX = 70_000;
const BORDERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** What readers of text have stumbled over. */
const WORDS = [
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '-0',
    '1e999',
    '9'.repeat(30),
    '0.1',
    '-1',
    '\\u0000',
    '\\ud800',
    '\\"',
  ],
  ...[
    '"__proto__":',
    '"constructor":',
    '"toString":',
    '"length":',
    '"then":',
    '\u2028',
    '\u0000',
    '%00',
    '%ff',
    '%',
  ],
  ...[
    '[[[[[[[[',
    '{"a":',
    '://',
    '@',
    '::',
    '127.0.0.1',
    '[::1]',
    '::ffff:10.0.0.1',
    '\r\n',
    ' ',
    '+',
    '&',
    '=',
    '?',
  ],
].map((word) => Buffer.from(word));

/** One to four changes of `input`; `other` lends parts. */
export function mutate(input: Buffer, other: Buffer, dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + dice(4); changes > 0; changes--) bytes = change(bytes, other, dice);
  return bytes.subarray(0, BYTES_MAX);
}

function change(bytes: Buffer, other: Buffer, dice: Dice): Buffer {
  const at = dice(bytes.length + 1);
  const end = Math.min(bytes.length, at + dice(dice(8) === 0 ? bytes.length + 1 : 16));
  switch (dice(9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return splice(bytes, at, end, Buffer.alloc(0));
    case 2:
      return splice(bytes, at, at, bytes.subarray(at, end)); // twice
    case 3:
      return splice(bytes, at, dice(2) === 0 ? at : end, WORDS[dice(WORDS.length)]!);
    case 4: {
      const from = dice(other.length + 1);
      return splice(bytes, at, end, other.subarray(from, from + dice(64)));
    }
    case 5: {
      const size = [1, 2, 4][dice(3)]!;
      const number = Buffer.alloc(4);
      number.writeUInt32BE(BORDERS[dice(BORDERS.length)]!);
      return splice(bytes, at, at + size, number.subarray(4 - size));
    }
    case 6: {
      // A digit more or another one, where there is a number in a text.
      const digit = bytes.findIndex((byte, index) => index >= at && byte >= 0x30 && byte <= 0x39);
      return digit < 0 ? bytes : splice(bytes, digit, digit + dice(2), Buffer.from(String(dice(1_000))));
    }
    default:
      for (let times = 1 + dice(3); times > 0 && bytes.length > 0; times--)
        bytes[dice(bytes.length)] = dice(2) === 0 ? dice(256) : 0x20 + dice(95);
      return bytes;
  }
}

const splice = (bytes: Buffer, start: number, end: number, middle: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(Math.min(end, bytes.length))]);
