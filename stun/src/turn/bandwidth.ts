// Bandwidth as token buckets: each holds one second's worth, and a packet passes when every bucket over it has enough. Pure.

/** How long an empty bucket takes to be full. */
export const BUCKET_MS = 1_000;

export class TokenBucket {
  #bytesPerSecond: number;
  #bytes: number;
  #filledAtMs: number;

  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytes = bytesPerSecond;
    this.#filledAtMs = nowMs;
  }

  has(bytes: number, nowMs: number): boolean {
    const grown = this.#bytes + ((nowMs - this.#filledAtMs) * this.#bytesPerSecond) / 1000;
    this.#bytes = grown < this.#bytesPerSecond ? grown : this.#bytesPerSecond;
    this.#filledAtMs = nowMs;
    return this.#bytes >= bytes;
  }

  isFull(nowMs: number): boolean {
    return this.has(this.#bytesPerSecond, nowMs);
  }

  /** Changes the rate; the tokens in the bucket stay, up to its new size. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    this.has(0, nowMs);
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytes = Math.min(this.#bytes, bytesPerSecond);
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** A bucket, or none where 0 says that there is no limit. */
export const bucketsOf = (bytesPerSecond: number, nowMs: number): readonly TokenBucket[] =>
  bytesPerSecond === 0 ? [] : [new TokenBucket(bytesPerSecond, nowMs)];

/** The heads of IPv4 and UDP. */
const HEAD_BYTES = 28;
/** Small datagrams cost as much work as others, so each counts as a voice packet at least: 1 MB/s are 5,000 a second at most. */
const DATAGRAM_BYTES_MIN = 200;

export const bytesOnTheWire = (payloadBytes: number): number =>
  Math.max(payloadBytes + HEAD_BYTES, DATAGRAM_BYTES_MIN);

/** Takes a datagram with so much payload out of all buckets, or out of none and answers false. */
export function takeFrom(buckets: readonly TokenBucket[], payloadBytes: number, nowMs: number): boolean {
  const bytes = bytesOnTheWire(payloadBytes);
  for (let i = 0; i < buckets.length; i++) if (!buckets[i]!.has(bytes, nowMs)) return false;
  for (let i = 0; i < buckets.length; i++) buckets[i]!.take(bytes);
  return true;
}
