// What a parser is to the fuzzer.
import { ProtocolError } from '@relay-swarm/protocol';

export interface Parser {
  /** Also of its corpus: corpus/NAME.txt. */
  readonly name: string;
  /** What came of the input, in a few words. Throws where the parser throws what it should not, or contradicts itself. */
  read(input: Buffer): string;
}

/** For readers that refuse with ProtocolError: its sentence is the answer. */
export function orRefusal<T>(read: () => T, describe: (value: T) => string): string {
  let value: T;
  try {
    value = read();
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
  return describe(value);
}

/** Throws where two values differ. */
export function same(what: string, a: unknown, b: unknown): void {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  if (first !== second) throw new Error(`${what}: ${first} is not ${second}`);
}

/** The names of the fields, and what kind of value each has. */
export function shapeOf(value: unknown, levels = 3): string {
  if (Array.isArray(value)) return `[${value.length > 0 ? shapeOf(value[0], levels) : ''}]`;
  if (value instanceof Uint8Array) return value.length === 0 ? 'no bytes' : 'bytes';
  if (typeof value !== 'object' || value === null || levels === 0) return typeof value;
  return Object.entries(value)
    .map(
      ([key, one]) => `${key}:${typeof one === 'string' && one.length < 16 ? one : shapeOf(one, levels - 1)}`,
    )
    .join(' ');
}
