// What one node tells another, in order and without gaps, or else noticed. Pure: bytes go out through a function.
import { BatchWriter, type Batch, type EntryType } from './batch.ts';

/** A batch that grows beyond this is sent before the turn ends. */
const BATCH_BYTES_MAX = 262_144;

/** To one other node. */
export class Outgoing {
  readonly #self: string;
  readonly #writer = new BatchWriter();
  readonly #publish: (batch: Buffer) => void;
  #conversation: number;
  #sequence = 0;

  constructor(self: string, conversation: number, publish: (batch: Buffer) => void) {
    this.#self = self;
    this.#conversation = conversation;
    this.#publish = publish;
  }

  append(type: EntryType, link: number, payload: Uint8Array, detail = 0): void {
    if (this.#writer.bytes + payload.length > BATCH_BYTES_MAX && !this.#writer.isEmpty) this.send();
    this.#writer.append(type, link, payload, detail);
  }

  /** Also where there is nothing to tell: the number shows the other one whether it missed something. */
  send(): void {
    this.#publish(this.#writer.take(this.#self, this.#conversation, ++this.#sequence));
  }

  sendIfAny(): void {
    if (!this.#writer.isEmpty) this.send();
  }

  /** What was told is forgotten on both sides. */
  beginAnew(conversation: number): void {
    this.#writer.clear();
    this.#conversation = conversation;
    this.#sequence = 0;
  }
}

export type Reception = 'next' | 'new' | 'gap' | 'stale';

/** From one other node. */
export class Incoming {
  #conversation: number | undefined = undefined;
  #sequence = 0;
  /** The conversation in which something is missing: nothing more is taken of it. */
  #broken: number | undefined = undefined;

  /**
   * `next`: take it. `new`: whatever this sender told before is void, then take it. `gap`: something is missing; what it told is void,
   * ask it to begin anew. `stale`: of a conversation that is void already.
   */
  receive({ conversation, sequence }: Pick<Batch, 'conversation' | 'sequence'>): Reception {
    if (conversation === this.#broken) return 'stale';
    if (conversation === this.#conversation && sequence === this.#sequence + 1) {
      this.#sequence = sequence;
      return 'next';
    }
    if (conversation !== this.#conversation && sequence === 1) {
      this.#conversation = conversation;
      this.#sequence = 1;
      this.#broken = undefined;
      return 'new';
    }
    this.#broken = conversation;
    this.#conversation = undefined;
    return 'gap';
  }
}
