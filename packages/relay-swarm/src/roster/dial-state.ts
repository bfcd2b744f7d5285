// How dialling one relay has gone, and when to dial it next: at once after a loss, later and later after failures. Pure.
import { backoffMs } from './backoff.ts';

/** After a loss and after a hint: soon, but not in step with everybody else. */
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
  /** Since it last stayed for a while. */
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

  /** It has stayed a while: the next loss is a first one. */
  recover(): void {
    this.#failures = 0;
  }

  /** Its session has ended. */
  lose(nowMs: number, random: () => number): void {
    this.#nextAtMs = nowMs + random() * SPREAD_MS;
  }

  /** Somebody says that it is alive: worth a try, whatever we have seen of it. */
  hint(nowMs: number, random: () => number): void {
    if (nowMs - this.#dialledAtMs < HINT_AGAIN_MS) return;
    this.#nextAtMs = Math.min(this.#nextAtMs, nowMs + random() * SPREAD_MS);
  }

  /** Nothing is known of its new URL yet. */
  move(nowMs: number): void {
    this.#failures = 0;
    this.#nextAtMs = nowMs;
  }
}
