// How dialling one relay has gone, and when to dial it next: at once after a loss, later and later after failures. Pure.
import { backoffMs } from './backoff.ts';

/** Wait after a loss and after a hint: short, but spread so that relays do not dial in step. */
const SPREAD_MS = 1_000;
const HINT_AGAIN_MS = 5_000;

/** How dialling one relay has gone. */
export class DialState {
  #isDialling = false;
  #dialledAtMs = 0;
  #failures = 0;
  #nextAtMs: number;

  constructor(nowMs: number) {
    this.#nextAtMs = nowMs;
  }

  get isDialling(): boolean {
    return this.#isDialling;
  }
  /** Failures since its last stable session. */
  get failures(): number {
    return this.#failures;
  }

  isDue(nowMs: number): boolean {
    return this.#nextAtMs <= nowMs;
  }

  begin(nowMs: number): void {
    this.#isDialling = true;
    this.#dialledAtMs = nowMs;
  }

  end(): void {
    this.#isDialling = false;
  }

  fail(nowMs: number, capMs: number, random: () => number): void {
    this.#failures++;
    this.#nextAtMs = nowMs + backoffMs(this.#failures, capMs, random);
  }

  /** Its session is stable, so the next loss counts as the first. */
  recover(): void {
    this.#failures = 0;
  }

  /** Its session has ended. */
  lose(nowMs: number, random: () => number): void {
    this.#nextAtMs = nowMs + random() * SPREAD_MS;
  }

  /** Another relay says that it is alive, so it is dialled soon whatever we have seen of it. */
  hint(nowMs: number, random: () => number): void {
    if (nowMs - this.#dialledAtMs < HINT_AGAIN_MS) return;
    this.#nextAtMs = Math.min(this.#nextAtMs, nowMs + random() * SPREAD_MS);
  }

  /** It has a new URL, of which nothing is known yet. */
  move(nowMs: number): void {
    this.#failures = 0;
    this.#nextAtMs = nowMs;
  }
}
