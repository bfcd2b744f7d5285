// The files that the relay swarm writes, one after the other. Only the newest content of each waits, so that a disk that hangs or is
// full costs no memory. Content that could not be written is kept and tried again.
import type { Log } from '@relay-swarm/kit';

export type Write = () => Promise<void>;

export class LatestFiles {
  readonly #log: Log;
  readonly #waiting = new Map<string, Write>();
  readonly #failed = new Map<string, Write>();
  #running: Promise<void> | undefined;
  #isFailing = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Replaces content that still waits for this file. */
  write(file: string, write: Write): void {
    this.#waiting.set(file, write);
    this.#failed.delete(file);
    this.#running ??= this.#run();
  }

  /** Tries once more what could not be written. */
  retry(): void {
    for (const [file, write] of [...this.#failed]) this.write(file, write);
  }

  /** When nothing waits any more. */
  async done(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const [file, write] of this.#waiting) {
      this.#waiting.delete(file); // new content for this file that comes meanwhile is written last
      try {
        await write();
        this.#isFailing = false;
      } catch (error) {
        if (!this.#waiting.has(file)) this.#failed.set(file, write);
        // Logged once, not with every write
        if (!this.#isFailing) this.#log.error("cannot write the relay swarm's files", { error });
        this.#isFailing = true;
      }
    }
    this.#running = undefined;
  }
}
