// Which packets have been here: each is delivered and passed on once. Only what carries a good signature gets in here, so nobody
// can spoil a source's numbers but the source itself.
import type { PacketId } from '@relay-swarm/protocol/mesh-packet';

/** A packet so much older than the newest of its source counts as seen: nobody can play it again. */
const WINDOW = 2_048;
const SOURCES_MAX = 4_096;

interface Source {
  epoch: number;
  highest: number;
  readonly chunks: Map<number, Set<number>>;
}

export class SeenPackets {
  /** The one that was heard of last is last. */
  readonly #sources = new Map<string, Source>();

  has({ source, epoch, seq, chunk }: PacketId): boolean {
    const known = this.#sources.get(source);
    if (known === undefined || epoch > known.epoch) return false;
    return epoch < known.epoch || seq <= known.highest - WINDOW || known.chunks.get(seq)?.has(chunk) === true;
  }

  add({ source, epoch, seq, chunk }: PacketId): void {
    let known = this.#sources.get(source);
    if (known === undefined || epoch > known.epoch) known = { epoch, highest: seq, chunks: new Map() };
    this.#sources.delete(source);
    this.#sources.set(source, known);
    if (this.#sources.size > SOURCES_MAX) this.#sources.delete(this.#sources.keys().next().value!);
    if (seq > known.highest) {
      if (seq - known.highest >= WINDOW) known.chunks.clear();
      else for (let old = known.highest - WINDOW; old <= seq - WINDOW; old++) known.chunks.delete(old);
      known.highest = seq;
    }
    const chunks = known.chunks.get(seq);
    if (chunks === undefined) known.chunks.set(seq, new Set([chunk]));
    else chunks.add(chunk);
  }

  clear(): void {
    this.#sources.clear();
  }
}
