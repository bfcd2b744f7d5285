// Things to do later, in virtual time: the engine is told the time and never waits itself.
import { popHeap, pushHeap } from './heap.ts';

export interface Timer {
  /** When, in milliseconds. */
  readonly key: number;
  run: ((nowMs: number) => void) | undefined;
}

export class Timers {
  readonly #heap: Timer[] = [];

  get nextMs(): number {
    return this.#heap[0]?.key ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#heap.length;
  }

  at(atMs: number, run: (nowMs: number) => void): Timer {
    const timer: Timer = { key: atMs, run };
    pushHeap(this.#heap, timer);
    return timer;
  }

  /** It stays in the heap until its time, and does nothing then. */
  static cancel(timer: Timer | undefined): void {
    if (timer) timer.run = undefined;
  }

  runDue(nowMs: number): void {
    while (this.nextMs <= nowMs) popHeap(this.#heap).run?.(nowMs);
  }

  clear(): void {
    this.#heap.length = 0;
  }
}
