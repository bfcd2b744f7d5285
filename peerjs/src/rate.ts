// A rate with a burst that may be overdrawn: debt says how long to wait, so that an eager client is slowed down and loses nothing. Pure.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Two numbers, to be fields of what they limit. */
export interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export const newBucket = (rate: Rate, nowMs: number): Bucket => ({ tokens: rate.burst, filledAtMs: nowMs });

/** Pays and returns what is left; below zero is debt, never more than one burst. */
export function spend(bucket: Bucket, rate: Rate, cost: number, nowMs: number): number {
  fill(bucket, rate, nowMs);
  return (bucket.tokens = Math.max(-rate.burst, bucket.tokens - cost));
}

/** Pays one only if it is there. */
export function take(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  if (bucket.tokens < 1) return false;
  bucket.tokens--;
  return true;
}

/** Whether nothing would be lost by forgetting the bucket. */
export function isFull(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  return bucket.tokens >= rate.burst;
}

/** Until the debt is paid. */
export const debtMs = (tokens: number, rate: Rate): number =>
  tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / rate.perSecond);

function fill(bucket: Bucket, rate: Rate, nowMs: number): void {
  if (nowMs <= bucket.filledAtMs) return;
  const gained = ((nowMs - bucket.filledAtMs) * rate.perSecond) / 1000;
  bucket.tokens = Math.min(rate.burst, bucket.tokens + gained);
  bucket.filledAtMs = nowMs;
}
