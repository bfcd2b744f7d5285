// What this node does for the info hashes that it owns, for connections of other nodes as for its own.
import type { Member, OwnerRules } from '@relay-swarm/cluster';
import type { Frontend } from '../frontends/protocol.ts';
import type { Message } from '../frontends/webtorrent/message.ts';
import type { WebTorrent } from '../frontends/webtorrent/webtorrent.ts';
import type { Link, Peer } from '../swarm/peer.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { RemotePeer } from './remote-peer.ts';

export interface TrackerRulesOptions {
  readonly webTorrent: WebTorrent;
  readonly graffiti: Frontend<RemotePeer>;
  readonly swarms: SwarmStore;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
}

/** How long an offer that was made through the former owner may be answered through the new one. */
const ANSWERS_MS = 60_000;

export class TrackerRules implements OwnerRules<Link> {
  readonly #options: TrackerRulesOptions;
  /** Peers that were taken over, and until when. */
  readonly #takenOver = new Map<Peer, number>();

  constructor(options: TrackerRulesOptions) {
    this.#options = options;
  }

  receive(link: Link, frame: Buffer, nowMs: number): void {
    if (!(link instanceof RemotePeer)) return;
    const { webTorrent, graffiti } = this.#options;
    link.protocol ??= graffiti.recognizes(frame) ? graffiti.open(link) : webTorrent.open();
    if (link.protocol !== webTorrent) {
      link.protocol.receive(link, frame, nowMs);
      return;
    }
    const message = webTorrent.read(link, frame, nowMs);
    if (message === undefined) return;
    webTorrent.handle(link, message, nowMs);
    const member = memberOf(message);
    if (member !== undefined && message.event !== 'stopped' && !this.holds(link, member))
      link.remote.gone(member);
  }

  holds(link: Link, { key, id }: Pick<Member, 'key' | 'id'>): boolean {
    return this.#options.swarms.has({ link, infoHash: key, peerId: id });
  }

  join(link: Link, { key, id, state }: Member, nowMs: number): boolean {
    const { swarms, refuse } = this.#options;
    if (refuse(key) !== undefined) return false;
    const news = { isSeeder: state === SEEDER, hasCompleted: false };
    const peer = swarms.enter({ link, infoHash: key, peerId: id }, news, nowMs);
    if (typeof peer === 'string') return false;
    this.#takenOver.set(peer, nowMs + ANSWERS_MS);
    return true;
  }

  leave(link: Link, { key, id }: Member): void {
    this.#options.swarms.leave({ link, infoHash: key, peerId: id });
  }

  closed(link: Link, nowMs: number): void {
    const { webTorrent } = this.#options;
    if (link instanceof RemotePeer && link.protocol !== undefined) link.protocol.closed(link, nowMs);
    else webTorrent.closed(link);
    if (link instanceof RemotePeer) link.closed();
  }

  mayBeAnswered(peer: Peer, nowMs: number): boolean {
    return nowMs < (this.#takenOver.get(peer) ?? -Infinity);
  }

  /** Forgets peers that were taken over long ago; they are in the order in which they came. */
  tick(nowMs: number): void {
    for (const [peer, untilMs] of this.#takenOver) {
      if (nowMs < untilMs) return;
      this.#takenOver.delete(peer);
    }
  }
}

const SEEDER = 's';
const LEECHER = 'l';

/** What an announce makes of its connection; undefined for other messages and for what cannot be read. */
export function memberOf(message: Message): Member | undefined {
  const { action, infoHash, peerId, answer, event, left } = message;
  if (action !== 'announce' || infoHash === undefined || peerId === undefined || answer.start !== 0)
    return undefined;
  if (event === 'invalid') return undefined;
  const state = event === 'completed' || left === 0 ? SEEDER : left === undefined ? '' : LEECHER;
  return { key: infoHash, id: peerId, state };
}
