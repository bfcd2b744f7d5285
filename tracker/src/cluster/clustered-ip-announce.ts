// Announces and scrapes over HTTP and UDP on several nodes: the owner of the info hash is asked. Its answer is this node's.
import { Asks, type Cluster } from '@relay-swarm/cluster';
import type {
  Counts,
  IpAnnounce,
  IpAnnounced,
  IpAnnounceRequest,
  IpFailure,
  IpTracker,
  Later,
  NamedPeer,
} from '../frontends/ip-announce.ts';

const NO_ANSWER: IpFailure = {
  failure: 'This tracker is being moved, come back in a minute',
  retryMinutes: 1,
};

type Question =
  { readonly announce: IpAnnounceRequest } | { readonly scrape: readonly string[]; readonly address: string };

export class ClusteredIpAnnounce implements IpTracker {
  readonly #own: IpAnnounce;
  readonly #cluster: Cluster;
  readonly #asks: Asks;

  constructor(own: IpAnnounce, cluster: Cluster) {
    this.#own = own;
    this.#cluster = cluster;
    this.#asks = new Asks(cluster, (question, nowMs) => {
      const answer = this.#answer(JSON.parse(question.toString()) as Question, nowMs);
      return Buffer.from(JSON.stringify(answer));
    });
  }

  announce(request: IpAnnounceRequest, nowMs: number): Later<IpAnnounced | IpFailure> {
    const owner = this.#cluster.ownerOf(request.infoHash);
    if (owner === this.#cluster.node) return this.#own.announce(request, nowMs);
    return this.#ask<IpAnnounced>(owner, { announce: request }, nowMs);
  }

  scrape(infoHashes: readonly string[], address: string, nowMs: number): Later<Answer> {
    const owners = new Map<string, string[]>();
    for (const infoHash of infoHashes) {
      const owner = this.#cluster.ownerOf(infoHash);
      owners.set(owner, [...(owners.get(owner) ?? []), infoHash]);
    }
    if (owners.size === 1 && owners.has(this.#cluster.node))
      return this.#own.scrape(infoHashes, address, nowMs);
    return this.#scrapeAll(infoHashes, owners, address, nowMs);
  }

  tick(nowMs: number): void {
    this.#asks.tick(nowMs);
  }

  async #scrapeAll(
    infoHashes: readonly string[],
    owners: ReadonlyMap<string, readonly string[]>,
    address: string,
    nowMs: number,
  ): Promise<Answer> {
    const counts = new Map<string, Counts>();
    const answers = Array.from(owners, async ([owner, owned]) => {
      const answer =
        owner === this.#cluster.node
          ? this.#own.scrape(owned, address, nowMs)
          : await this.#ask<readonly Counts[]>(owner, { scrape: owned, address }, nowMs);
      if ('failure' in answer) return answer;
      owned.forEach((infoHash, index) => counts.set(infoHash, answer[index]!));
      return undefined;
    });
    const failure = (await Promise.all(answers)).find((answer) => answer !== undefined);
    return failure ?? infoHashes.map((infoHash) => counts.get(infoHash)!);
  }

  async #ask<T>(owner: string, question: Question, nowMs: number): Promise<T | IpFailure> {
    const answer = await this.#asks.ask(owner, Buffer.from(JSON.stringify(question)), nowMs);
    return answer === undefined ? NO_ANSWER : (JSON.parse(answer.toString()) as T | IpFailure);
  }

  #answer(question: Question, nowMs: number): unknown {
    if ('scrape' in question) return this.#own.scrape(question.scrape, question.address, nowMs);
    const answer = this.#own.announce(question.announce, nowMs);
    if ('failure' in answer) return answer;
    return { ...answer, peers4: answer.peers4.map(named), peers6: answer.peers6.map(named) };
  }
}

/** Only what is told: the rest of a peer leads to its swarm, and to everybody in it. */
const named = ({ endpoint, id }: NamedPeer): NamedPeer => ({ endpoint, id });

type Answer = readonly Counts[] | IpFailure;
