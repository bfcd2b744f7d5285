// Who owns a key: rendezvous hashing, as browsers choose relays, so that only the keys of a node that leaves or comes move. Pure.
import { murmur3 } from '@relay-swarm/protocol/ranking';

const { imul } = Math;

export class Owners {
  #nodes: readonly string[] = [];
  #seeds: Uint32Array = new Uint32Array(0);

  constructor(nodes: readonly string[]) {
    this.change(nodes);
  }

  change(nodes: readonly string[]): void {
    this.#nodes = nodes;
    this.#seeds = Uint32Array.from(nodes, murmur3);
  }

  /** Characters of the key must be below U+0100 for all of their bits to count. */
  of(key: string): string {
    if (this.#nodes.length === 1) return this.#nodes[0]!;
    const hash = murmur3(key);
    let best = 0;
    let most = -1;
    for (let index = 0; index < this.#seeds.length; index++) {
      const weight = mixed(hash ^ this.#seeds[index]!);
      if (weight <= most) continue; // nodes are in order: of two equals the first one has it
      most = weight;
      best = index;
    }
    return this.#nodes[best]!;
  }
}

/** MurmurHash3's last step: every bit of the input changes half of the output's. */
function mixed(hash: number): number {
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
