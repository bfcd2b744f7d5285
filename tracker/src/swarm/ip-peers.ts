// The hosts of one swarm: peers that are reached at an address and port, which announce over HTTP or UDP instead of a WebSocket.
// Pure: no sockets, no clock; dice are passed in.
import { isIPv6Endpoint } from './endpoint.ts';
import type { Dice, Swarm } from './swarm.ts';

export class Host {
  readonly swarm: Swarm;
  /** Address and port, packed; what the host is known by. */
  readonly endpoint: string;
  /** The address as limits count it. */
  readonly addressKey: string;
  /** The peer id that it announced last. */
  id: string;
  isListedAsSeeder: boolean;
  lastSeenMs = 0;
  /** Position in its list. */
  index = -1;
  /** Neighbours by age over all swarms. */
  older: Host | undefined = undefined;
  newer: Host | undefined = undefined;

  constructor(swarm: Swarm, endpoint: string, addressKey: string, id: string, isSeeder: boolean) {
    this.swarm = swarm;
    this.endpoint = endpoint;
    this.addressKey = addressKey;
    this.id = id;
    this.isListedAsSeeder = isSeeder;
  }

  get isIPv6(): boolean {
    return isIPv6Endpoint(this.endpoint);
  }
}

/** Apart by family, since most hosts can use only one, and by what they have. */
interface Family {
  readonly leechers: Host[];
  readonly seeders: Host[];
}

export class Hosts {
  readonly #byEndpoint = new Map<string, Host>();
  readonly #v4: Family = { leechers: [], seeders: [] };
  readonly #v6: Family = { leechers: [], seeders: [] };

  get complete(): number {
    return this.#v4.seeders.length + this.#v6.seeders.length;
  }

  get incomplete(): number {
    return this.#v4.leechers.length + this.#v6.leechers.length;
  }

  get isEmpty(): boolean {
    return this.#byEndpoint.size === 0;
  }

  all(): IterableIterator<Host> {
    return this.#byEndpoint.values();
  }

  find(endpoint: string): Host | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  add(host: Host): void {
    this.#byEndpoint.set(host.endpoint, host);
    this.#list(host);
  }

  remove(host: Host): void {
    this.#byEndpoint.delete(host.endpoint);
    this.#unlist(host);
  }

  become(host: Host, isSeeder: boolean): void {
    if (host.isListedAsSeeder === isSeeder) return;
    this.#unlist(host);
    host.isListedAsSeeder = isSeeder;
    this.#list(host);
  }

  /**
   * Up to `count` hosts of one family for `host`, each equally likely, never itself, and no seeders for a seeder.
   * Work is bounded by `count`: Floyd's algorithm draws that many different positions (Bentley, Programming Pearls, CACM 30:9).
   */
  sample(isIPv6: boolean, host: Host, count: number, dice: Dice): Host[] {
    const { leechers, seeders } = isIPv6 ? this.#v6 : this.#v4;
    const population = leechers.length + (host.isListedAsSeeder ? 0 : seeders.length);
    const drawn = new Set<number>();
    // One more than wanted, since the host itself may be among them.
    for (let last = Math.max(0, population - count - 1); last < population; last++) {
      const position = dice(last + 1);
      drawn.add(drawn.has(position) ? last : position);
    }
    const chosen: Host[] = [];
    for (const position of drawn) {
      const one = position < leechers.length ? leechers[position]! : seeders[position - leechers.length]!;
      if (one !== host) chosen.push(one);
    }
    // Floyd's order is not random: which one goes must not depend on it.
    if (chosen.length > count) chosen[dice(chosen.length)] = chosen.pop()!;
    return chosen.slice(0, count);
  }

  #listOf({ isIPv6, isListedAsSeeder }: Host): Host[] {
    const family = isIPv6 ? this.#v6 : this.#v4;
    return isListedAsSeeder ? family.seeders : family.leechers;
  }

  #list(host: Host): void {
    host.index = this.#listOf(host).push(host) - 1;
    host.swarm.replyFrame = undefined;
  }

  #unlist(host: Host): void {
    const list = this.#listOf(host);
    const last = list.pop()!;
    if (last !== host) {
      list[host.index] = last;
      last.index = host.index;
    }
    host.swarm.replyFrame = undefined;
  }
}
