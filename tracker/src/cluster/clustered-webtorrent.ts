// WebTorrent on several nodes: a message goes to the node that owns its info hash, which may be this one. Without a cluster the tracker
// uses WebTorrent itself, and nothing of this.
import type { Cluster, Edge } from '@relay-swarm/cluster';
import type { Frontend, Protocol } from '../frontends/protocol.ts';
import { SCRAPE_HASHES_MAX, type Message } from '../frontends/webtorrent/message.ts';
import type { WebTorrent } from '../frontends/webtorrent/webtorrent.ts';
import type { Connection } from '../transport/connection.ts';
import { memberOf, type TrackerRules } from './tracker-rules.ts';

export interface ClusteredWebTorrentOptions {
  readonly webTorrent: WebTorrent;
  readonly rules: TrackerRules;
  readonly cluster: Cluster;
  readonly edge: Edge<Connection>;
}

export class ClusteredWebTorrent implements Frontend<Connection>, Protocol<Connection> {
  readonly #options: ClusteredWebTorrentOptions;

  constructor(options: ClusteredWebTorrentOptions) {
    this.#options = options;
  }

  recognizes(): boolean {
    return true;
  }

  open(): this {
    return this;
  }

  isIdle(connection: Connection): boolean {
    return this.#options.edge.membershipsOf(connection) === 0;
  }

  closed(connection: Connection): void {
    this.#options.webTorrent.closed(connection);
    this.#options.edge.closed(connection);
  }

  receive(connection: Connection, frame: Buffer, nowMs: number): boolean {
    const { webTorrent, edge } = this.#options;
    const message = webTorrent.read(connection, frame, nowMs);
    if (message === undefined) return false;
    const hashes = message.action === 'scrape' ? scrapedHashes(message) : undefined;
    if (hashes !== undefined) this.#scrape(connection, hashes, nowMs);
    else if (message.infoHash === undefined || message.peerId === undefined)
      webTorrent.handle(connection, message, nowMs); // which tells what is wrong with it
    else if (edge.isOwnOrForwarded(connection, message.infoHash, frame))
      this.#handle(connection, message, nowMs);
    else this.#note(connection, message, nowMs);
    return true;
  }

  /** After a refusal the connection is in the same swarms as before. */
  #handle(connection: Connection, message: Message, nowMs: number): void {
    const { webTorrent, rules, edge } = this.#options;
    webTorrent.handle(connection, message, nowMs);
    const member = memberOf(message);
    if (member === undefined) return;
    if (rules.holds(connection, member)) edge.enter(connection, member, nowMs);
    else edge.leave(connection, member);
  }

  /** As far as this node knows: where the owner refuses, it says so. */
  #note(connection: Connection, message: Message, nowMs: number): void {
    const member = memberOf(message);
    if (member === undefined) return;
    if (message.event === 'stopped') this.#options.edge.leave(connection, member);
    else this.#options.edge.enter(connection, member, nowMs);
  }

  /** One reply from each owner: clients take what files a reply has. */
  #scrape(connection: Connection, hashes: readonly string[], nowMs: number): void {
    const { webTorrent, cluster, edge } = this.#options;
    const byOwner = new Map<string, string[]>();
    for (const hash of new Set(hashes)) {
      const owner = cluster.ownerOf(hash);
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), hash]);
    }
    for (const [owner, owned] of byOwner) {
      const frame = Buffer.from(JSON.stringify({ action: 'scrape', info_hash: owned }));
      if (owner === cluster.node) webTorrent.receive(connection, frame, nowMs);
      else edge.forward(connection, owner, frame);
    }
  }
}

/** Undefined where one of them cannot be read, or where they are too many or none: this node tells what is wrong. */
function scrapedHashes({ scraped, infoHash }: Message): string[] | undefined {
  const asked = scraped ?? (infoHash === undefined ? [] : [infoHash]);
  const hashes = asked.filter((hash) => hash !== undefined);
  const isGood = hashes.length === asked.length && hashes.length > 0 && hashes.length <= SCRAPE_HASHES_MAX;
  return isGood ? hashes : undefined;
}
