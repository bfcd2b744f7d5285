// The bytes that nodes send each other, written and read here. A batch is what one turn of a node has for another one:
//
//   batch   = version u8 · sender, 8 bytes · conversation u32 · sequence u32 · entry*        numbers are big-endian
//   entry   = type u8 · detail u8 · link u32 · length u32 · payload
//
// A conversation is everything that a sender told one receiver since it began to; its batches are numbered from 1 without gaps.

/** What an entry is. A link is a client's connection, numbered by the node that holds it (the edge). */
export const EntryType = {
  /** edge → owner: a link begins; payload: the address under which limits count it. */
  open: 1,
  /** edge → owner: a message of the client, as it came in. */
  forward: 2,
  /** edge → owner: the link has this membership already (its owner changed); payload: a membership. */
  join: 3,
  /** edge → owner: this membership is with another owner now. */
  leave: 4,
  /** edge → owner: the link has ended. */
  close: 5,
  /** owner → edge: bytes for the client; detail says what they may be sacrificed for. */
  deliver: 6,
  /** owner → edge: this membership is not held here (refused, or it has expired). */
  gone: 7,
  /** owner → edge: ask the client for a sign of life. */
  probe: 8,
  /** edge → owner: the client that was asked has given its sign of life. */
  alive: 9,
  /** Something is missing of what you sent: begin a new conversation and tell all again. */
  resync: 10,
  /** A question to an owner, and its answer; link is the asker's number of it. */
  ask: 11,
  answer: 12,
} as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

export interface Entry {
  readonly type: number;
  readonly detail: number;
  readonly link: number;
  readonly payload: Buffer;
}

export interface Batch {
  /** 16 hexadecimal characters. */
  readonly sender: string;
  readonly conversation: number;
  readonly sequence: number;
  readonly entries: Entry[];
}

const VERSION = 1;
const HEADER_BYTES = 17;
const ENTRY_BYTES = 10;
const SLAB_BYTES = 65_536;

/** Collects entries. Bytes are copied in at once, and never written again once they were taken: the carrier may still hold them. */
export class BatchWriter {
  #slab = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #entries = 0;

  get bytes(): number {
    return this.#end - this.#start;
  }

  get isEmpty(): boolean {
    return this.#entries === 0;
  }

  append(type: EntryType, link: number, payload: Uint8Array, detail = 0): void {
    const head = this.#entries === 0 ? HEADER_BYTES : 0;
    this.#reserve(head + ENTRY_BYTES + payload.length);
    let at = this.#end + head;
    this.#slab[at++] = type;
    this.#slab[at++] = detail;
    at = this.#slab.writeUInt32BE(link, at);
    at = this.#slab.writeUInt32BE(payload.length, at);
    this.#slab.set(payload, at);
    this.#end = at + payload.length;
    this.#entries++;
  }

  /** The batch, finished; one without entries is a header alone. */
  take(sender: string, conversation: number, sequence: number): Buffer {
    if (this.#entries === 0) {
      this.#reserve(HEADER_BYTES);
      this.#end += HEADER_BYTES;
    }
    const batch = this.#slab.subarray(this.#start, this.#end);
    batch[0] = VERSION;
    batch.write(sender, 1, 'hex');
    batch.writeUInt32BE(conversation, 9);
    batch.writeUInt32BE(sequence, 13);
    this.#start = this.#end;
    this.#entries = 0;
    return batch;
  }

  clear(): void {
    this.#end = this.#start;
    this.#entries = 0;
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    const kept = this.#slab.subarray(this.#start, this.#end);
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (kept.length + bytes)));
    kept.copy(this.#slab);
    this.#start = 0;
    this.#end = kept.length;
  }
}

/** Undefined where the bytes are no batch of this version. Payloads are views of the bytes. */
export function readBatch(bytes: Uint8Array): Batch | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES || all[0] !== VERSION) return undefined;
  const entries: Entry[] = [];
  let at = HEADER_BYTES;
  while (at < all.length) {
    if (at + ENTRY_BYTES > all.length) return undefined;
    const end = at + ENTRY_BYTES + all.readUInt32BE(at + 6);
    if (end > all.length) return undefined;
    const [type, detail, link] = [all[at]!, all[at + 1]!, all.readUInt32BE(at + 2)];
    entries.push({ type, detail, link, payload: all.subarray(at + ENTRY_BYTES, end) });
    at = end;
  }
  return {
    sender: all.toString('hex', 1, 9),
    conversation: all.readUInt32BE(9),
    sequence: all.readUInt32BE(13),
    entries,
  };
}
