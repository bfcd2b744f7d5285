// An engine inside this process, with the faults of a real one: it may lose, be cut in two, hang, and a node may be frozen.
import type { Carrier } from '../../src/carrier.ts';

interface Waiting {
  readonly to: MemoryCarrier;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

export class MemoryEngine {
  readonly #carriers = new Set<MemoryCarrier>();
  #waiting: Waiting[] = [];
  /** Everything is lost. */
  isDown = false;
  /** Which nodes hear each other; undefined where all do. */
  sideOf: ((name: string) => number) | undefined = undefined;
  /** So many messages to one node each are delivered still, then one is lost. */
  losesAfter: number | undefined = undefined;

  connect(name: string): MemoryCarrier {
    const carrier = new MemoryCarrier(this, name);
    this.#carriers.add(carrier);
    return carrier;
  }

  disconnect(carrier: MemoryCarrier): void {
    this.#carriers.delete(carrier);
  }

  publish(from: MemoryCarrier, subject: string, bytes: Uint8Array): void {
    if (this.isDown || (subject.includes('.n.') && this.#isLost())) return;
    for (const to of this.#carriers) {
      if (this.sideOf !== undefined && this.sideOf(from.name) !== this.sideOf(to.name)) continue;
      this.#waiting.push({ to, subject, bytes: Uint8Array.from(bytes) });
    }
  }

  #isLost(): boolean {
    if (this.losesAfter === undefined) return false;
    const isLost = this.losesAfter === 0;
    this.losesAfter = isLost ? undefined : this.losesAfter - 1;
    return isLost;
  }

  /** Delivers what waits, and what is sent meanwhile; what is for a frozen node goes on waiting. */
  deliver(): void {
    for (let rounds = 0; rounds < 1_000; rounds++) {
      const now = this.#waiting.filter(({ to }) => !to.isFrozen);
      if (now.length === 0) return;
      this.#waiting = this.#waiting.filter(({ to }) => to.isFrozen);
      for (const { to, subject, bytes } of now) if (this.#carriers.has(to)) to.take(subject, bytes);
    }
    throw new Error('The nodes never stop telling each other something');
  }
}

export class MemoryCarrier implements Carrier {
  readonly #engine: MemoryEngine;
  readonly #listeners = new Map<string, (bytes: Uint8Array) => void>();
  readonly name: string;
  readonly isUp = true;
  isFrozen = false;

  constructor(engine: MemoryEngine, name: string) {
    this.#engine = engine;
    this.name = name;
  }

  publish(subject: string, bytes: Uint8Array): void {
    this.#engine.publish(this, subject, bytes);
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): void {
    this.#listeners.set(subject, receive);
  }

  take(subject: string, bytes: Uint8Array): void {
    this.#listeners.get(subject)?.(bytes);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#engine.disconnect(this);
    return Promise.resolve();
  }
}
