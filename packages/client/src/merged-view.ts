// One view of who announces an info hash, made of what several relays say. Pure.
// A peer is there as long as one relay says so; each saying has a source: one connection to one relay.

export class MergedView {
  readonly #sourcesOf = new Map<string, Set<string>>();

  /** Whether the peer is new. */
  add(source: string, peer: string): boolean {
    const sources = this.#sourcesOf.get(peer);
    if (sources === undefined) this.#sourcesOf.set(peer, new Set([source]));
    else sources.add(source);
    return sources === undefined;
  }

  /** Whether nobody else says that the peer is there. */
  remove(source: string, peer: string): boolean {
    const sources = this.#sourcesOf.get(peer);
    if (sources?.delete(source) !== true || sources.size > 0) return false;
    return this.#sourcesOf.delete(peer);
  }

  /** The source is lost: the peers that only it named. */
  drop(source: string): string[] {
    return [...this.#sourcesOf.keys()].filter((peer) => this.remove(source, peer));
  }

  get peers(): string[] {
    return [...this.#sourcesOf.keys()];
  }
}
