// Questions to the owner of a key, for what has no connection: an announce over HTTP or UDP. Pure: ticks are passed in.
import { EntryType, type Entry } from './batch.ts';
import type { Cluster, ClusterEvents } from './cluster.ts';

interface Open {
  readonly node: string;
  readonly untilMs: number;
  readonly resolve: (answer: Buffer | undefined) => void;
}

/** An answer that comes later is a promise, which may not fail. */
type Answer = (question: Buffer, nowMs: number) => Uint8Array | Promise<Uint8Array>;

/** Clients of UDP ask again after 15 s (BEP 15), those of HTTP wait longer. */
const ANSWER_MS_MAX = 2_000;
/** Questions that wait for an answer; further ones get none. */
const OPEN_MAX = 10_000;

export class Asks implements ClusterEvents {
  readonly #cluster: Cluster;
  readonly #answer: Answer;
  readonly #open = new Map<number, Open>();
  #last = 0;

  /** `answer`: what this node says to a question. */
  constructor(cluster: Cluster, answer: Answer) {
    this.#cluster = cluster;
    this.#answer = answer;
    cluster.listen(this);
  }

  get open(): number {
    return this.#open.size;
  }

  /** Undefined where no answer comes in time. */
  ask(node: string, question: Uint8Array, nowMs: number): Promise<Buffer | undefined> {
    if (this.#open.size >= OPEN_MAX) return Promise.resolve(undefined);
    const number = (this.#last = (this.#last + 1) >>> 0);
    this.#cluster.tell(node, EntryType.ask, number, question);
    return new Promise((resolve) =>
      this.#open.set(number, { node, untilMs: nowMs + ANSWER_MS_MAX, resolve }),
    );
  }

  /** Gives up what waits too long: the oldest come first. */
  tick(nowMs: number): void {
    for (const [number, { untilMs }] of this.#open) {
      if (nowMs < untilMs) return;
      this.#end(number, undefined);
    }
  }

  entry(from: string, { type, link, payload }: Entry, nowMs: number): void {
    if (type === EntryType.ask) {
      const answer = this.#answer(payload, nowMs);
      if (answer instanceof Promise)
        void answer.then((bytes) => this.#cluster.tell(from, EntryType.answer, link, bytes));
      else this.#cluster.tell(from, EntryType.answer, link, answer);
    } else if (type === EntryType.answer && this.#open.get(link)?.node === from) this.#end(link, payload);
  }

  lost(node: string): void {
    for (const [number, open] of this.#open) if (open.node === node) this.#end(number, undefined);
  }

  voided(): void {
    // An answer that was lost is given up in time.
  }

  tellAnew(): void {
    // A question that was lost is given up in time.
  }

  ownersChanged(): void {
    // Who was asked answers as well as it can.
  }

  #end(number: number, answer: Buffer | undefined): void {
    const open = this.#open.get(number);
    this.#open.delete(number);
    open?.resolve(answer);
  }
}
