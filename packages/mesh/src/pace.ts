// How fast we speak: no faster than others pass on, than our links carry, and not before there is a link at all.
import { Budget } from './engine/budget.ts';
import type { Engine } from './engine/engine.ts';
import type { EngineOptions } from './engine/options.ts';

/** `broadcast` waits while more than this waits on a link: sending faster than the link carries only makes the queue longer. */
const WAITING_BYTES = 1_048_576;
/** The part that we use of what others accept from one source: their clocks may run faster than ours. */
const OWN_SHARE = 0.8;
const PAUSE_MS = 20;
/** How long the first message waits for a first link; then it is sent without one. */
const ARRIVING_MS = 10_000;
const PART_BYTES = 16_384;

export class Pace {
  readonly #engine: Engine;
  readonly #servers: () => readonly { readonly isJoined: boolean }[];
  readonly #budget: Budget;
  readonly #enteredAtMs = performance.now();
  #hasLinked = false;

  constructor(
    engine: Engine,
    servers: () => readonly { readonly isJoined: boolean }[],
    { sourceBytesPerSecond, sourcePacketsPerSecond }: EngineOptions,
  ) {
    this.#engine = engine;
    this.#servers = servers;
    this.#budget = new Budget({
      bytesPerSecond: OWN_SHARE * sourceBytesPerSecond,
      packetsPerSecond: OWN_SHARE * sourcePacketsPerSecond,
    });
  }

  /** Waits until so many bytes may be sent; `check` throws where the message is no longer wanted. */
  async wait(bytes: number, check: () => void): Promise<void> {
    const parts = Math.ceil(bytes / PART_BYTES);
    // Each part is paid for by itself, because others count parts
    for (let paid = 0; paid < parts || this.#isBusy() || this.#isArriving();) {
      check();
      if (paid < parts && this.#budget.pay('', bytes / parts, performance.now())) paid++;
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #isBusy(): boolean {
    return [...this.#engine.links.values()].some(({ waitingBytes }) => waitingBytes > WAITING_BYTES);
  }

  /** A newcomer's first message waits for its first link, or it would reach nobody. One that is alone in the room does not wait. */
  #isArriving(): boolean {
    const { links, view } = this.#engine;
    this.#hasLinked ||= links.size > 0;
    if (this.#hasLinked || performance.now() > this.#enteredAtMs + ARRIVING_MS) return false;
    const servers = this.#servers();
    return view.size > 1 || (servers.length > 0 && !servers.some(({ isJoined }) => isJoined));
  }
}
