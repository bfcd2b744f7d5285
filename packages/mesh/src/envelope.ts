// What the application's messages are wrapped in: what kind, on which channel, and how the data is to be read.
import { ByteReader, ByteWriter } from '@relay-swarm/protocol/mesh-bytes';
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { CHANNEL_BYTES_MAX, typeOf } from './checks.ts';
import { MeshError } from './errors.ts';

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };
/** Bytes and text travel as they are, everything else as JSON. */
export type Data = Uint8Array | Json;

const KINDS = ['message', 'send', 'done', 'request', 'response', 'failure', 'signal', 'latest'] as const;
export interface Envelope {
  readonly kind: (typeof KINDS)[number];
  /** Tells requests apart, copies of what was sent again, and which of two is the latest. */
  readonly id: number;
  readonly channel: string;
  readonly data: Data;
}
/** What is no JSON would arrive as something else: a Map as {}, undefined as nothing at all. */
const NO_JSON = /^.object (?!(Object|Array|String|Number|Boolean|Null)])/;

/** Throws MeshError BAD_DATA where the data cannot travel. */
export function writeEnvelope({ kind, id, channel, data }: Envelope): Uint8Array {
  const name = new TextEncoder().encode(channel);
  const writer = new ByteWriter().u8(KINDS.indexOf(kind)).varint(id).varint(name.length).bytes(name);
  if (data instanceof Uint8Array) return writer.u8(0).bytes(data).finish();
  const isText = typeof data === 'string';
  return writer
    .u8(isText ? 1 : 2)
    .bytes(new TextEncoder().encode(isText ? data : jsonOf(data)))
    .finish();
}

function jsonOf(data: Json): string {
  const type = typeOf(data);
  const refusal = `Cannot send ${type}: wanted bytes (Uint8Array), text, or JSON`;
  if (NO_JSON.test(type)) throw new MeshError('BAD_DATA', refusal);
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw new MeshError('BAD_DATA', `${refusal}; ${(error as Error).message}`); // a circle, a BigInt within
  }
}

/** Throws ProtocolError where it is none. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new ProtocolError('Cannot read a message: its kind is unknown');
  const id = reader.varint();
  const decoder = new TextDecoder();
  const channel = decoder.decode(reader.take(reader.varint(CHANNEL_BYTES_MAX)));
  const format = reader.u8();
  const rest = reader.rest();
  if (format === 0) return { kind, id, channel, data: rest };
  const text = decoder.decode(rest);
  if (format === 1) return { kind, id, channel, data: text };
  try {
    return { kind, id, channel, data: JSON.parse(text) as Json };
  } catch {
    throw new ProtocolError('Cannot read a message: wanted JSON');
  }
}
