// One claim to a place in a swarm: a peer id, on one connection. Pure data.
import type { Bucket } from '@relay-swarm/net';
import type { Swarm } from './swarm.ts';

/** What a frame may be sacrificed for when its receiver reads too slowly: offers go first, then answers, replies never. */
export const Priority = { offer: 0, answer: 1, reply: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** The connection behind a peer, as far as a swarm needs to know it. */
export interface Link {
  /** Its address as limits count it: IPv6 ones have a colon. */
  readonly addressKey: string;
  /** Its peers in all swarms, in no order; kept by the swarms. */
  readonly peers: Peer[];
  /** Whether offers would be dropped now, because the other end does not read fast enough. */
  readonly isCongested: boolean;
  /** How often it announces; made at its first announce. */
  announceBucket: Bucket | undefined;
  /** Queues a finished WebSocket frame; false where it was dropped. */
  send(frame: Buffer, priority: Priority): boolean;
}

export class Peer {
  readonly id: string;
  readonly swarm: Swarm;
  readonly link: Link;
  /** Has everything: announced `left: 0`, or `completed`. */
  isSeeder = false;
  lastSeenMs = 0;
  /** Position in `link.peers`. */
  linkIndex = 0;
  /** Position in the swarm's seeders or leechers; only the newest claim to an id stands there. */
  swarmIndex = -1;
  /** Whether the place that this claim heads counts as a seeder's. */
  isListedAsSeeder = false;
  /** An older claim to the same id, from another connection. */
  namesake: Peer | undefined = undefined;
  /** Neighbours by age over all swarms. */
  older: Peer | undefined = undefined;
  newer: Peer | undefined = undefined;
  /** The announce that last chose this peer, so that one announce never chooses it twice. */
  chosenBy = 0;

  constructor(id: string, swarm: Swarm, link: Link) {
    this.id = id;
    this.swarm = swarm;
    this.link = link;
  }

  get isIPv6(): boolean {
    return this.link.addressKey.includes(':');
  }
}
