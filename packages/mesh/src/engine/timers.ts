// Things to do later, in virtual time: the engine is told the time and never waits itself.

export interface Timer {
  readonly atMs: number;
  run: ((nowMs: number) => void) | undefined;
}

export class Timers {
  /** A binary heap, the soonest first. */
  readonly #heap: Timer[] = [];

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#heap.length;
  }

  at(atMs: number, run: (nowMs: number) => void): Timer {
    const timer: Timer = { atMs, run };
    let i = this.#heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#heap[parent]!.atMs <= atMs) break;
      this.#heap[i] = this.#heap[parent]!;
      i = parent;
    }
    this.#heap[i] = timer;
    return timer;
  }

  /** It stays in the heap until its time, and does nothing then. */
  static cancel(timer: Timer | undefined): void {
    if (timer) timer.run = undefined;
  }

  runDue(nowMs: number): void {
    while (this.nextMs <= nowMs) {
      const { run } = this.#pop();
      run?.(nowMs);
    }
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #pop(): Timer {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++;
      if (heap[child]!.atMs >= last.atMs) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
