// Whether one relay is proven and alive, by what this relay has seen of it. Pure: times come from outside, by a clock that is never set.
import type { SignedRelayHealth } from '@relay-swarm/protocol';
import type { Measured } from './quality.ts';

/** A proof is repeated after half of this; a relay whose URL has not answered for so long is not offered. */
export const PROOF_MS_MAX = 1_800_000;
/** Periods without a snapshot: not offered. */
export const STALE_PERIODS = 3;
/** RELAY_STATUS_SECONDS at most. */
const PERIOD_MS_MAX = 60_000;
export const DROP_MS = 300_000;
/** Lost for less than this: dialled again every few seconds, so that a split swarm heals soon. */
const RECENT_MS = 3_600_000;
/** A loss counts for so long by itself: in that time the relay is looked at, and is down or back. */
const SEEN_MS = 60_000;
/** Not proven for so long: forgotten. */
const FORGET_MS = 86_400_000;

export class Liveness {
  #verifiedAtMs: number | undefined;
  #address: string | undefined;
  #health: SignedRelayHealth | undefined;
  #healthAtMs: number | undefined;
  /** Of this session's snapshots: after a restart a relay whose clock was set back must be heard again. */
  #sequence = -1;
  /** The time between its last two snapshots, by its own signed dates. */
  #periodMs: number | undefined;
  #isConnected = false;
  #isSuspect = false;
  #lostAtMs: number | undefined;
  #knownSinceMs: number | undefined;
  #troubledAtMs: number | undefined;
  #roundTripMs: number | undefined;

  /** When its URL was last answered by its key, dialled by us. */
  get verifiedAtMs(): number | undefined {
    return this.#verifiedAtMs;
  }
  /** Where that was. */
  get address(): string | undefined {
    return this.#address;
  }
  get health(): SignedRelayHealth | undefined {
    return this.#health;
  }
  /** By our clock: theirs may be wrong. */
  get healthAtMs(): number | undefined {
    return this.#healthAtMs;
  }
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether this relay has a session with it, or had one just now: then what it sees itself counts, not what others tell. */
  isSeen(nowMs: number): boolean {
    return this.#isConnected || (this.#lostAtMs !== undefined && nowMs - this.#lostAtMs < SEEN_MS);
  }

  isProven(nowMs: number): boolean {
    return this.#verifiedAtMs !== undefined && nowMs - this.#verifiedAtMs <= PROOF_MS_MAX;
  }

  needsProof(nowMs: number): boolean {
    return nowMs - (this.#verifiedAtMs ?? -Infinity) > PROOF_MS_MAX / 2;
  }

  /** Proven once, and not lost for long. */
  isRecent(nowMs: number): boolean {
    return this.#verifiedAtMs !== undefined && nowMs - (this.#lostAtMs ?? this.#verifiedAtMs) < RECENT_MS;
  }

  isLongGone(nowMs: number): boolean {
    return nowMs - (this.#verifiedAtMs ?? nowMs) > FORGET_MS;
  }

  /** It counts as silent by its own period, which may be longer than ours; until that is known, by the longest that there is. */
  #silentAfterMs(ownPeriodMs: number): number {
    const unknownMs = this.#isConnected ? PERIOD_MS_MAX : ownPeriodMs;
    return STALE_PERIODS * Math.max(ownPeriodMs, this.#periodMs ?? unknownMs);
  }

  /** Whether browsers may be sent there; `periodMs` is ours. */
  isServing(nowMs: number, periodMs: number): boolean {
    return (
      this.isProven(nowMs) &&
      this.#lostAtMs === undefined &&
      this.#healthAtMs !== undefined &&
      nowMs - this.#healthAtMs <= this.#silentAfterMs(periodMs) &&
      !this.#isSuspect &&
      this.#health?.state !== 'draining'
    );
  }

  /** Its URL was answered by its key. */
  verify(address: string, nowMs: number): void {
    this.#verifiedAtMs = nowMs;
    this.#knownSinceMs ??= nowMs;
    this.#address = address;
  }

  measure(roundTripMs: number | undefined): void {
    this.#roundTripMs = roundTripMs ?? this.#roundTripMs;
  }

  /** What this relay has seen of it. */
  measured(nowMs: number): Measured {
    return {
      roundTripMs: this.#roundTripMs,
      knownForMs: nowMs - (this.#knownSinceMs ?? nowMs),
      sinceLossMs: this.#troubledAtMs === undefined ? undefined : nowMs - this.#troubledAtMs,
    };
  }

  connect(): void {
    this.#isConnected = true;
    this.#isSuspect = false;
    this.#periodMs = undefined;
    this.#sequence = -1;
    this.#lostAtMs = undefined;
  }

  lose(nowMs: number): void {
    this.#isConnected = false;
    this.#sequence = -1;
    this.#lostAtMs = this.#troubledAtMs = nowMs;
  }

  /** Its session has ended, and not because it is dead. */
  release(): void {
    this.#isConnected = false;
    this.#sequence = -1;
    this.#lostAtMs = undefined;
  }

  /** A proof is good for the URL that was dialled alone. */
  move(): void {
    this.#verifiedAtMs = this.#knownSinceMs = undefined;
  }

  suspect(isSuspect: boolean, nowMs: number): void {
    this.#isSuspect = isSuspect;
    if (isSuspect) this.#troubledAtMs = nowMs;
  }

  isNews({ sequence }: SignedRelayHealth): boolean {
    return sequence > this.#sequence;
  }

  hear(health: SignedRelayHealth, nowMs: number): void {
    const sinceMs = this.#sequence < 0 ? 0 : health.sampledAt - (this.#health?.sampledAt ?? 0);
    // A state is told as soon as it changes, and a clock may be set: a shorter time is no shorter period
    if (sinceMs > (this.#periodMs ?? 0)) this.#periodMs = Math.min(PERIOD_MS_MAX, sinceMs);
    this.#health = health;
    this.#healthAtMs = nowMs;
    this.#sequence = health.sequence;
  }

  /** What was known before a restart, its times by the clock of now. */
  restore(verifiedAtMs: number | undefined, address: string | undefined): void {
    this.#verifiedAtMs = verifiedAtMs;
    this.#address = address;
  }

  restoreHealth(health: SignedRelayHealth, healthAtMs: number | undefined): void {
    this.#health = health;
    this.#healthAtMs = healthAtMs;
  }

  /** Nothing that is so old shall be told as its health. */
  age(nowMs: number): void {
    if (nowMs - (this.#healthAtMs ?? 0) > DROP_MS) this.#health = this.#healthAtMs = undefined;
  }
}
