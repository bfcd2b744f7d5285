// How fast we speak: no faster than others pass on, than our links carry, and not before there is a link at all.
import { Budget } from './engine/budget.ts';
import type { Engine } from './engine/engine.ts';
import type { EngineOptions } from './engine/options.ts';

/** Past this much on a link, `broadcast` waits: what is sent faster than it leaves only grows old. */
const WAITING_BYTES = 1_048_576;
/** Of what others take of one source: their clocks are not ours. */
const OWN_SHARE = 0.8;
const PAUSE_MS = 20;
/** Until a first link, or what there is to say is said without. */
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

  /** Waits until so many bytes may be said; `check` throws where nobody wants that any more. */
  async wait(bytes: number, check: () => void): Promise<void> {
    const parts = Math.ceil(bytes / PART_BYTES);
    // One payment for each part: others count them so
    for (let paid = 0; paid < parts || this.#isBusy() || this.#isArriving();) {
      check();
      if (paid < parts && this.#budget.pay('', bytes / parts, performance.now())) paid++;
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #isBusy(): boolean {
    return [...this.#engine.links.values()].some(({ waitingBytes }) => waitingBytes > WAITING_BYTES);
  }

  /** A newcomer's first words wait for its first link, unless it is alone: they would reach nobody. */
  #isArriving(): boolean {
    const { links, view } = this.#engine;
    this.#hasLinked ||= links.size > 0;
    if (this.#hasLinked || performance.now() > this.#enteredAtMs + ARRIVING_MS) return false;
    const servers = this.#servers();
    return view.size > 1 || (servers.length > 0 && !servers.some(({ isJoined }) => isJoined));
  }
}
