// The relay ports that are free: any of them at random (RFC 8656 §7.2 wants them hard to guess), or an even one. Pure.

export class FreePorts {
  readonly #min: number;
  /** Free ports in no order; `#position` says where each stands, -1 where it is taken. */
  readonly #free: Uint16Array;
  readonly #position: Int32Array;
  readonly #random: (below: number) => number;
  #count: number;

  constructor(min: number, max: number, random: (below: number) => number) {
    this.#min = min;
    this.#count = max - min + 1;
    this.#free = Uint16Array.from({ length: this.#count }, (_, index) => min + index);
    this.#position = Int32Array.from({ length: this.#count }, (_, index) => index);
    this.#random = random;
  }

  get free(): number {
    return this.#count;
  }

  isFree(port: number): boolean {
    return (this.#position[port - this.#min] ?? -1) >= 0;
  }

  any(): number | undefined {
    return this.#count === 0 ? undefined : this.#take(this.#free[this.#random(this.#count)]!);
  }

  /** An even port; with `withNext` the odd one above it is taken as well. Looks through the free ports from a random one on. */
  even(withNext: boolean): number | undefined {
    if (this.#count === 0) return undefined;
    const first = this.#random(this.#count);
    for (let step = 0; step < this.#count; step++) {
      const port = this.#free[(first + step) % this.#count]!;
      if (port % 2 !== 0 || (withNext && !this.isFree(port + 1))) continue;
      if (withNext) this.#take(port + 1);
      return this.#take(port);
    }
    return undefined;
  }

  give(port: number): void {
    const index = port - this.#min;
    if (this.#position[index] !== -1) return;
    this.#position[index] = this.#count;
    this.#free[this.#count++] = port;
  }

  #take(port: number): number {
    const at = this.#position[port - this.#min]!;
    const last = this.#free[--this.#count]!;
    this.#free[at] = last;
    this.#position[last - this.#min] = at;
    this.#position[port - this.#min] = -1;
    return port;
  }
}
