// To whom a member is linked: how many links it wants, whom it dials, whom it lets in, which link it gives up for a better one.
import type { Graph } from './graph.ts';

export interface OverlayOptions {
  readonly connectionsTarget: number;
  readonly connectionsMax: number;
  readonly isAdaptive: boolean;
}

/** Bridges between parts of a room may go past the maximum by this many. */
export const BRIDGES_MAX = 2;
const DIALS_AT_ONCE_MAX = 4;
const BACKOFF_MS = 1_500;
const BACKOFF_MAX_MS = 60_000;

/** What the mean degree should not fall below for a random graph to stay connected, with a margin. */
export const wantedLinks = (
  { connectionsTarget, connectionsMax, isAdaptive }: OverlayOptions,
  members: number,
): number =>
  isAdaptive
    ? Math.min(connectionsMax, Math.max(connectionsTarget, Math.ceil(Math.log(Math.max(1, members)) + 2)))
    : connectionsTarget;

/** Whom not to dial for now: each failure doubles the time, and a part of it is random, so that two that collided do not collide again. */
export class Backoff {
  readonly #failures = new Map<string, { count: number; untilMs: number }>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  failed(peer: string, nowMs: number): void {
    const count = (this.#failures.get(peer)?.count ?? 0) + 1;
    const waitMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (count - 1)) * (0.5 + this.#random());
    this.#failures.set(peer, { count, untilMs: nowMs + waitMs });
  }

  isResting(peer: string, nowMs: number): boolean {
    return (this.#failures.get(peer)?.untilMs ?? 0) > nowMs;
  }

  forget(peer: string): void {
    this.#failures.delete(peer);
  }

  clear(): void {
    this.#failures.clear();
  }
}

/** How many dials may run at the same time. With few a newcomer is linked late; with all at once everybody would be dialled in one moment. */
export const dialsNow = (wanted: number, open: number, dialing: number): number =>
  Math.max(0, Math.min(wanted - open - dialing, DIALS_AT_ONCE_MAX - dialing));

/** So many of the candidates; of two drawn by lot the one with fewer links, so that nobody is crowded. */
export function pickCandidates(
  candidates: readonly string[],
  graph: Graph,
  count: number,
  random: () => number,
): string[] {
  const left = [...candidates];
  const picked: string[] = [];
  const links = (id: string): number => {
    const i = graph.index.get(id);
    return i === undefined ? 0 : graph.starts[i + 1]! - graph.starts[i]!;
  };
  while (picked.length < count && left.length > 0) {
    const one = Math.floor(random() * left.length);
    const other = Math.floor(random() * left.length);
    const chosen = links(left[one]!) <= links(left[other]!) ? one : other;
    picked.push(left[chosen]!);
    left[chosen] = left.at(-1)!;
    left.pop();
  }
  return picked;
}

/** The members of other components that a component's lowest id dials, or nobody where that is not us. */
export function pickBridges(
  graph: Graph,
  components: Int32Array,
  self: string,
  isThere: (id: string) => boolean,
  random: () => number,
): string[] {
  const ours = components[graph.index.get(self)!]!;
  const isLeader = graph.ids.every((id, i) => components[i] !== ours || id >= self);
  if (!isLeader) return [];
  const others = graph.ids.filter((id, i) => components[i] !== ours && isThere(id));
  return pickCandidates(others, graph, BRIDGES_MAX, random);
}

/** For each part of the room that we do not reach, two members that may pass a message on there. */
export function unreachedParts(
  graph: Graph,
  components: Int32Array,
  self: string,
  isThere: (id: string) => boolean,
  random: () => number,
): string[] {
  const ours = components[graph.index.get(self)!];
  const parts = new Map<number, string[]>();
  graph.ids.forEach((id, i) => {
    const part = components[i]!;
    if (part === ours || !isThere(id)) return;
    const list = parts.get(part);
    if (list === undefined) parts.set(part, [id]);
    else list.push(id);
  });
  return [...parts.values()].flatMap((ids) => pickCandidates(ids, graph, 2, random));
}
