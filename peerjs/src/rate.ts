// A rate with a burst that may be overdrawn: debt says how long to wait, so that an eager client is slowed down and loses nothing. Pure.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Two whole numbers, to be fields of what they limit: V8 would give every fraction an object of its own. */
export interface Bucket {
  thousandths: number;
  filledAtMs: number;
}

export function newBucket(rate: Rate, nowMs: number): Bucket {
  return { thousandths: rate.burst * 1000, filledAtMs: nowMs };
}

/** Pays and returns what is left; below zero is debt, never more than one burst. */
export function spend(bucket: Bucket, rate: Rate, cost: number, nowMs: number): number {
  fill(bucket, rate, nowMs);
  bucket.thousandths = Math.max(-1000 * rate.burst, bucket.thousandths - Math.round(cost * 1000));
  return bucket.thousandths / 1000;
}

/** Pays one only if it is there. */
export function take(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  if (bucket.thousandths < 1000) return false;
  bucket.thousandths -= 1000;
  return true;
}

/** Whether nothing would be lost by forgetting the bucket. */
export function isFull(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  return bucket.thousandths >= rate.burst * 1000;
}

/** Until the debt is paid. */
export const debtMs = (left: number, rate: Rate): number =>
  left >= 0 ? 0 : Math.ceil((-left * 1000) / rate.perSecond);

function fill(bucket: Bucket, rate: Rate, nowMs: number): void {
  if (nowMs <= bucket.filledAtMs) return;
  const gained = (nowMs - bucket.filledAtMs) * rate.perSecond; // milliseconds times a rate are thousandths
  bucket.thousandths = Math.min(rate.burst * 1000, bucket.thousandths + gained);
  bucket.filledAtMs = nowMs;
}
