// What the connections of one address may send together. Nobody pays for what another address has sent, and one address's debt is at most a
// burst: the connection that made a larger one rests for that itself. Pure: the time is passed in.
import { debtMs, newBucket, spendTokens, type Bucket, type Rate } from '@relay-swarm/net';

export interface AddressBucket {
  /** Pays, and says for how many milliseconds nothing more should be read. */
  spend(tokens: number, nowMs: number): number;
  /** Once, when the connection ends. */
  close(): void;
}

export class AddressBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, { readonly bucket: Bucket; connections: number }>();

  constructor(perSecond: number) {
    this.#rate = { perSecond, burst: perSecond };
  }

  get addresses(): number {
    return this.#buckets.size;
  }

  open(addressKey: string, nowMs: number): AddressBucket {
    const one = this.#buckets.get(addressKey) ?? { bucket: newBucket(this.#rate, nowMs), connections: 0 };
    this.#buckets.set(addressKey, one);
    one.connections++;
    return {
      spend: (tokens, atMs) => debtMs(spendTokens(one.bucket, this.#rate, tokens, atMs), this.#rate),
      close: () => {
        if (--one.connections === 0) this.#buckets.delete(addressKey);
      },
    };
  }
}
