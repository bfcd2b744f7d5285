// When to dial which relay: at once after a loss, later and later after failures, and those that we trust first. Pure.
import { sample } from '../discovery/candidates.ts';
import { backoffMs } from './backoff.ts';
import type { KnownRelay } from './known-relay.ts';

/** After a loss and after a hint: soon, but not in step with everybody else. */
const SPREAD_MS = 1_000;
const HINT_AGAIN_MS = 5_000;

/** How dialling one relay has gone. */
export class DialState {
  #isDialling = false;
  #dialledAtMs = 0;
  #failures = 0;
  #nextAtMs: number;

  constructor(nowMs: number) {
    this.#nextAtMs = nowMs;
  }

  get isDialling(): boolean {
    return this.#isDialling;
  }
  /** Since it last stayed for a while. */
  get failures(): number {
    return this.#failures;
  }

  isDue(nowMs: number): boolean {
    return this.#nextAtMs <= nowMs;
  }

  begin(nowMs: number): void {
    this.#isDialling = true;
    this.#dialledAtMs = nowMs;
  }

  end(): void {
    this.#isDialling = false;
  }

  fail(nowMs: number, capMs: number, random: () => number): void {
    this.#failures++;
    this.#nextAtMs = nowMs + backoffMs(this.#failures, capMs, random);
  }

  /** It has stayed a while: the next loss is a first one. */
  recover(): void {
    this.#failures = 0;
  }

  /** Its session has ended. */
  lose(nowMs: number, random: () => number): void {
    this.#nextAtMs = nowMs + random() * SPREAD_MS;
  }

  /** Somebody says that it is alive: worth a try, whatever we have seen of it. */
  hint(nowMs: number, random: () => number): void {
    if (nowMs - this.#dialledAtMs < HINT_AGAIN_MS) return;
    this.#nextAtMs = Math.min(this.#nextAtMs, nowMs + random() * SPREAD_MS);
  }

  /** Nothing is known of its new URL yet. */
  move(nowMs: number): void {
    this.#failures = 0;
    this.#nextAtMs = nowMs;
  }
}

export interface DialRoom {
  readonly diallingMax: number;
  /** Whether another session may be had; without, only old proofs are renewed. */
  readonly hasRoom: boolean;
  readonly random: () => number;
}

/**
 * Those to dial now, marked as being dialled: without a session, or whose proof gets old. First those whose word we have
 * reason to trust; of those never proven only so many at once that they cannot keep the others waiting.
 */
export function takeDue(relays: Iterable<KnownRelay>, nowMs: number, room: DialRoom): KnownRelay[] {
  const due: KnownRelay[] = [];
  let places = room.diallingMax;
  let strangerPlaces = Math.ceil(room.diallingMax / 2);
  for (const relay of relays) {
    const needsDial = relay.liveness.isConnected ? relay.liveness.needsProof(nowMs) : room.hasRoom;
    if (relay.dial.isDialling) {
      places--;
      if (isStranger(relay)) strangerPlaces--;
    } else if (needsDial && relay.dial.isDue(nowMs)) due.push(relay);
  }
  const trusted = due.filter((relay) => !isStranger(relay));
  const taken = sample(trusted, Math.max(0, places), room.random);
  const left = Math.max(0, Math.min(strangerPlaces, places - taken.length));
  taken.push(...sample(due.filter(isStranger), left, room.random));
  for (const { dial } of taken) dial.begin(nowMs);
  return taken;
}

const isStranger = ({ liveness }: KnownRelay): boolean =>
  liveness.verifiedAtMs === undefined && !liveness.isConnected;
