// How much of one source, or over one link, is taken: bytes and packets per second, with bursts of some seconds. Pure.

export interface Allowance {
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

const BURST_SECONDS = 4;
const HOLDERS_MAX = 4_096;

interface Holder {
  bytes: number;
  packets: number;
  filledAtMs: number;
}

export class Budget {
  readonly #allowance: Allowance;
  readonly #holders = new Map<string, Holder>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Whether the holder may have one more packet of this size; pays for it. */
  pay(name: string, bytes: number, nowMs: number): boolean {
    const { bytesPerSecond, packetsPerSecond } = this.#allowance;
    const bytesMax = bytesPerSecond * BURST_SECONDS;
    const packetsMax = packetsPerSecond * BURST_SECONDS;
    const holder = this.#holders.get(name) ?? { bytes: bytesMax, packets: packetsMax, filledAtMs: nowMs };
    this.#holders.delete(name);
    this.#holders.set(name, holder); // last used is last
    if (this.#holders.size > HOLDERS_MAX) this.#holders.delete(this.#holders.keys().next().value!);
    const seconds = Math.max(0, nowMs - holder.filledAtMs) / 1_000;
    holder.bytes = Math.min(bytesMax, holder.bytes + seconds * bytesPerSecond);
    holder.packets = Math.min(packetsMax, holder.packets + seconds * packetsPerSecond);
    holder.filledAtMs = nowMs;
    if (holder.bytes < bytes || holder.packets < 1) return false;
    holder.bytes -= bytes;
    holder.packets--;
    return true;
  }

  forget(name: string): void {
    this.#holders.delete(name);
  }
}
