// The state of members without a session here: their last signed snapshot, passed on when the state, or what is missing, changes. Pure; bounded by the table.
import type { SignedRelayHealth, VersionRef } from '@relay-swarm/protocol';

/** At most one change of a relay is passed on in this time; that it stops is passed on at once. */
const AGAIN_MS = 30_000;

interface Note {
  readonly health: SignedRelayHealth;
  readonly atMs: number;
}

export class StateNotes {
  readonly #notes = new Map<string, Note>();

  get(start: string): SignedRelayHealth | undefined {
    return this.#notes.get(start)?.health;
  }

  /** When it was heard, by our clock. */
  heardAtMs(start: string): number | undefined {
    return this.#notes.get(start)?.atMs;
  }

  /** Our own state. Returns whether others should be told: of the first that is not well, and of each change after that. */
  setOwn(start: string, health: SignedRelayHealth): boolean {
    const before = this.#notes.get(start);
    if (before === undefined ? isWell(health) : isLike(before.health, health)) return false;
    if (health.state !== 'draining' && before !== undefined && health.sampledAt - before.atMs < AGAIN_MS)
      return false;
    this.#notes.set(start, { health, atMs: health.sampledAt });
    return true;
  }

  isNews({ start, version }: VersionRef): boolean {
    return version > (this.#notes.get(start)?.health.sequence ?? -1);
  }

  /** Keeps a later snapshot; false where it comes too soon after the last. */
  set(start: string, health: SignedRelayHealth, nowMs: number): boolean {
    const before = this.#notes.get(start);
    if (health.state !== 'draining' && before !== undefined && nowMs - before.atMs < AGAIN_MS / 2)
      return false;
    this.#notes.set(start, { health, atMs: nowMs });
    return true;
  }

  /** It has issued a new descriptor, so it is no longer about to stop. */
  renewed(start: string, issuedAt: number): void {
    const health = this.#notes.get(start)?.health;
    if (health?.state === 'draining' && health.sampledAt < issuedAt) this.#notes.delete(start);
  }

  delete(start: string): void {
    this.#notes.delete(start);
  }
}

/** `ok`, and each service that its descriptor names is there: what is taken for granted of a member without a note. */
export const isWell = ({ state, missing }: SignedRelayHealth): boolean =>
  state === 'ok' && missing.length === 0;

/** Numbers differ in each snapshot; only what clients are sent away for counts. */
const isLike = (a: SignedRelayHealth, b: SignedRelayHealth): boolean =>
  a.state === b.state && a.missing.join() === b.missing.join();
