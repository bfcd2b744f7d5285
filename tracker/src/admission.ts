// Who may open a connection now, by the limits in all and per address. Pure.

export interface AdmissionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
}

export type AdmissionRefusal = 'connections_full' | 'address_full';

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #byAddress = new Map<string, number>();
  open = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Counts the connection in, or says why not. */
  enter(addressKey: string): AdmissionRefusal | undefined {
    if (this.open >= this.#limits.connectionsMax) return 'connections_full';
    const here = this.#byAddress.get(addressKey) ?? 0;
    if (here >= this.#limits.connectionsPerAddressMax) return 'address_full';
    this.#byAddress.set(addressKey, here + 1);
    this.open++;
    return undefined;
  }

  leave(addressKey: string): void {
    const here = this.#byAddress.get(addressKey)! - 1;
    if (here === 0) this.#byAddress.delete(addressKey);
    else this.#byAddress.set(addressKey, here);
    this.open--;
  }

  get addresses(): number {
    return this.#byAddress.size;
  }
}
