// Whether one relay is proven and alive, by what this relay has seen of it. Pure: times come from outside, by a clock that is never set.
import type { SignedRelayHealth } from '@relay-swarm/protocol';
import type { Measured } from './quality.ts';

/** A proof is repeated after half of this; a relay whose URL has not answered for so long is not offered. */
export const PROOF_MS_MAX = 1_800_000;
/** Periods without a snapshot: not offered. */
const STALE_PERIODS = 3;
/** RELAY_STATUS_SECONDS at most. */
const PERIOD_MS_MAX = 60_000;
const DROP_MS = 300_000;
/** A relay that was lost less than this ago is dialled again every few seconds, so that a split swarm heals soon. */
const RECENT_MS = 3_600_000;
/** How long a loss counts by itself: in that time the relay is checked, and found to be down or back. */
const SEEN_MS = 60_000;
/** A relay that was not proven for this long is forgotten. */
const FORGET_MS = 86_400_000;

export class Liveness {
  #verifiedAtMs: number | undefined;
  #address: string | undefined;
  #health: SignedRelayHealth | undefined;
  #healthAtMs: number | undefined;
  /** The date of this session's newest snapshot: a relay that restarts with its clock set back must be heard again. */
  #sequence = -1;
  /** The time between its last two snapshots, by its own signed dates. */
  #periodMs: number | undefined;
  #isConnected = false;
  #isSuspect = false;
  #lostAtMs: number | undefined;
  #knownSinceMs: number | undefined;
  #troubledAtMs: number | undefined;
  #roundTripMs: number | undefined;

  /** When we last dialled its URL and its key answered. */
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
  /** By our clock, since the other's may be wrong. */
  get healthAtMs(): number | undefined {
    return this.#healthAtMs;
  }
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether we have a session with it, or had one just now: then what we see counts, and not what others say. */
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

  /** Its key has answered at its URL. */
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

  /** Its session was ended on purpose: the relay is alive. */
  release(): void {
    this.#isConnected = false;
    this.#sequence = -1;
    this.#lostAtMs = undefined;
  }

  /** It has a new URL: a proof counts only for the URL that was dialled. */
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
    // A changed state is sent at once, and a clock may be set, so a shorter time between two snapshots is not a shorter period
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

  /** Forgets a snapshot that is too old to be passed on as its health. */
  age(nowMs: number): void {
    if (nowMs - (this.#healthAtMs ?? 0) > DROP_MS) this.#health = this.#healthAtMs = undefined;
  }
}
