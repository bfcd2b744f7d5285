// A rate with a burst, as a bucket of tokens that may be overdrawn: debt says how long to wait. Pure: the time is passed in.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
  /** How far a bucket may be overdrawn; one burst unless it says. */
  readonly debtMax?: number;
}

/** Two whole numbers, as fields of the limited object or as an object of their own. V8 would allocate an object for every fraction. */
export interface Bucket {
  thousandths: number;
  filledAtMs: number;
}

export const newBucket = (rate: Rate, nowMs: number): Bucket => ({
  thousandths: rate.burst * 1000,
  filledAtMs: Math.floor(nowMs),
});

/** Pays one token, only if it is there. */
export function takeToken(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  if (bucket.thousandths < 1000) return false;
  bucket.thousandths -= 1000;
  return true;
}

/** Pays whether the tokens are there or not, and returns what is left; below zero is debt. */
export function spendTokens(bucket: Bucket, rate: Rate, tokens: number, nowMs: number): number {
  fill(bucket, rate, nowMs);
  const { debtMax = rate.burst } = rate;
  bucket.thousandths = Math.max(-1000 * debtMax, bucket.thousandths - Math.round(tokens * 1000));
  return bucket.thousandths / 1000;
}

/** Milliseconds until the debt is paid. */
export const debtMs = (left: number, rate: Rate): number =>
  left >= 0 ? 0 : Math.ceil((-left * 1000) / rate.perSecond);

/** The same of a bucket. */
export const owedMsOf = (bucket: Bucket, rate: Rate, nowMs: number): number =>
  bucket.thousandths >= 0 ? 0 : debtMs(spendTokens(bucket, rate, 0, nowMs), rate);

/** Milliseconds until there is a token to take. */
export function untilTokenMs(bucket: Bucket, rate: Rate, nowMs: number): number {
  fill(bucket, rate, nowMs);
  const waitMs = Math.ceil((1000 - bucket.thousandths) / rate.perSecond); // a rate is thousandths in a millisecond
  return Math.max(0, bucket.filledAtMs + waitMs - nowMs);
}

/** Whether nothing would be lost by forgetting the bucket. */
export function isBucketFull(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  fill(bucket, rate, nowMs);
  return bucket.thousandths >= rate.burst * 1000;
}

/** Time that does not make a whole thousandth yet is kept for later. */
function fill(bucket: Bucket, rate: Rate, nowMs: number): void {
  const gained = Math.floor((Math.floor(nowMs) - bucket.filledAtMs) * rate.perSecond);
  if (gained <= 0) return;
  bucket.thousandths = Math.min(rate.burst * 1000, bucket.thousandths + gained);
  bucket.filledAtMs += Math.ceil(gained / rate.perSecond);
}
