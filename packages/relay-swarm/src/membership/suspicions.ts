// Members that another relay says do not answer. Each is checked before that is believed, at a bounded rate. Pure.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';

/** Spreads the checks, so that not all relays that hear of it dial in the same second. */
const SPREAD_MS = 2_000;
const AGAIN_MS = 3_000;
/** Failed checks before it is believed to be down: one packet may be lost. */
const FAILURES_MIN = 2;
/** A relay that has just answered is not checked again sooner than this. */
const SEEN_MS = 20_000;
const CHECKS: Rate = { perSecond: 2, burst: 20 };
const SUSPECTS_MAX = 4_096;

interface Suspicion {
  /** The relay that said so, and when; undefined where we noticed ourselves. */
  readonly teller: string | undefined;
  readonly toldAtMs: number;
  /** Our own session with it is lost or silent. */
  isLost: boolean;
  nextAtMs: number;
  failures: number;
}

/** The relay that said that another one does not answer, and when. */
export interface Alarm {
  readonly teller: string;
  readonly toldAtMs: number;
}

export class Suspicions {
  readonly #byStart = new Map<string, Suspicion>();
  readonly #seenAtMs = new Map<string, number>();
  #bucket: Bucket | undefined;

  get size(): number {
    return this.#byStart.size;
  }

  has(start: string): boolean {
    return this.#byStart.has(start);
  }

  /** Not to be offered while it is checked: we have lost its session, or one check has failed. */
  isGrave(start: string): boolean {
    const suspicion = this.#byStart.get(start);
    return suspicion !== undefined && (suspicion.isLost || suspicion.failures > 0);
  }

  /** We have lost its session, or it is silent: checks it now. */
  lost(start: string, nowMs: number, random: () => number): void {
    this.add(start, undefined, nowMs, random);
    const suspicion = this.#byStart.get(start);
    if (suspicion === undefined || suspicion.isLost) return;
    suspicion.isLost = true;
    if (suspicion.failures === 0) suspicion.nextAtMs = Math.min(suspicion.nextAtMs, nowMs);
  }

  /** Has it checked, at once or soon. Returns false where it was suspected already. */
  add(start: string, teller: string | undefined, nowMs: number, random: () => number): boolean {
    if (this.#byStart.has(start) || this.#byStart.size >= SUSPECTS_MAX) return false;
    const seenAtMs = this.#seenAtMs.get(start) ?? -Infinity;
    const atMs = teller === undefined ? nowMs : Math.max(nowMs, seenAtMs + SEEN_MS) + random() * SPREAD_MS;
    this.#byStart.set(start, { teller, toldAtMs: nowMs, isLost: false, nextAtMs: atMs, failures: 0 });
    return true;
  }

  /** Whether an alarm or a lost session has led to the check. */
  hasReason(start: string): boolean {
    const suspicion = this.#byStart.get(start);
    return suspicion !== undefined && (suspicion.teller !== undefined || suspicion.isLost);
  }

  get(start: string): Alarm | undefined {
    const { teller, toldAtMs = 0 } = this.#byStart.get(start) ?? {};
    return teller === undefined ? undefined : { teller, toldAtMs };
  }

  /** It has answered. Returns who was wrong about it. */
  answered(start: string, nowMs: number): Alarm | undefined {
    const alarm = this.get(start);
    this.#byStart.delete(start);
    this.#seenAtMs.delete(start);
    this.#seenAtMs.set(start, nowMs);
    for (const [one, atMs] of this.#seenAtMs) {
      if (nowMs - atMs < SEEN_MS && this.#seenAtMs.size <= SUSPECTS_MAX) break;
      this.#seenAtMs.delete(one);
    }
    return alarm;
  }

  /** It has not answered: for the first time, or often enough to believe it. */
  failed(start: string, nowMs: number): 'first' | 'enough' {
    const suspicion = this.#byStart.get(start) ?? {
      ...{ teller: undefined, toldAtMs: nowMs, isLost: false },
      ...{ nextAtMs: 0, failures: 0 },
    };
    suspicion.failures++;
    suspicion.nextAtMs = nowMs + AGAIN_MS;
    if (suspicion.failures >= FAILURES_MIN) {
      this.#byStart.delete(start);
      return 'enough';
    }
    this.#byStart.set(start, suspicion);
    return 'first';
  }

  delete(start: string): void {
    this.#byStart.delete(start);
  }

  /** Those to look at now. */
  takeDue(nowMs: number): string[] {
    const due: string[] = [];
    this.#bucket ??= newBucket(CHECKS, nowMs);
    for (const [start, suspicion] of this.#byStart) {
      if (suspicion.nextAtMs > nowMs) continue;
      if (!takeToken(this.#bucket, CHECKS, nowMs)) break;
      suspicion.nextAtMs = nowMs + 10 * AGAIN_MS; // while it is being looked at
      due.push(start);
    }
    return due;
  }
}
