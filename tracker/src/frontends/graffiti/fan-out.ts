// Work for many subscribers, done in slices so that other clients do not wait for it: each turn of the event loop does a bounded number of
// steps, and tasks take turns, so that a small one does not wait for a large one. The turns are passed in.

export interface Task {
  /** Takes at most this many steps; returns how many it took. Where it took fewer, nothing is left to do. */
  advance(stepsMax: number): number;
}

/** About 5 ms of pushes. */
const STEPS_PER_TURN = 2_000;
const STEPS_PER_TASK = 100;

export class FanOut {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #tasks = new Set<Task>();
  #left = STEPS_PER_TURN;
  #isPlanned = false;

  constructor(nextTurn: (callback: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** Tasks that are not finished. */
  get size(): number {
    return this.#tasks.size;
  }

  add(task: Task): void {
    this.#tasks.add(task);
    this.#plan();
  }

  /** Does at once what this turn has room for. */
  run(): void {
    for (const task of this.#tasks) {
      if (this.#left <= 0) return;
      this.#tasks.delete(task);
      const stepsMax = Math.min(STEPS_PER_TASK, this.#left);
      const steps = task.advance(stepsMax);
      this.#left -= Math.max(1, steps);
      if (steps >= stepsMax) this.#tasks.add(task);
    }
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isPlanned = false;
    this.#left = STEPS_PER_TURN;
    this.run();
    if (this.#tasks.size > 0) this.#plan();
  };
}
