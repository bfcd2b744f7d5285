// Who may open a connection now: so many in all, and so many from one address. Pure.

/** How many there are of each key. A key that has none takes no memory. */
export class KeyCounts {
  readonly #counts = new Map<string, number>();

  get keys(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

export interface AdmissionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
}

export type AdmissionRefusal = 'connections_full' | 'address_full';

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #ofAddress = new KeyCounts();
  #open = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  get addresses(): number {
    return this.#ofAddress.keys;
  }

  /** Counts the connection in, or says why not. Every one that is in must `leave` once. */
  enter(addressKey: string): AdmissionRefusal | undefined {
    if (this.#open >= this.#limits.connectionsMax) return 'connections_full';
    if (this.#ofAddress.of(addressKey) >= this.#limits.connectionsPerAddressMax) return 'address_full';
    this.#ofAddress.add(addressKey);
    this.#open++;
    return undefined;
  }

  leave(addressKey: string): void {
    this.#ofAddress.remove(addressKey);
    this.#open--;
  }
}
