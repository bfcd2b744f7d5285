// One peer of a swarm that is reached over a connection: a peer id, and the connection that holds it. Pure data.
import type { Bucket } from '@relay-swarm/net';
import type { RandomInt } from './random-int.ts';

/** What a frame may be sacrificed for when its receiver reads too slowly: offers go first, then answers, replies never. */
export const Priority = { offer: 0, answer: 1, reply: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** The connection behind a peer, as far as a swarm needs to know it. */
export interface Link {
  /** Its address as limits count it: IPv6 ones have a colon. */
  readonly addressKey: string;
  /** Its peers in all swarms, in no order; kept by the swarms. */
  peers: Peer[];
  readonly isOpen: boolean;
  /** Whether offers would be dropped now, because the other end does not read fast enough. */
  readonly isCongested: boolean;
  /** How often it announces; made at its first announce. */
  announceBucket: Bucket | undefined;
  /** Queues a finished WebSocket frame; false where it was dropped. */
  send(frame: Buffer, priority: Priority): boolean;
  /** Counts bytes that are held for it; false where it may not hold more. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** Pays for work beyond one ordinary message, before it is done. */
  pay(tokens: number, nowMs: number): void;
  /** Pings the other end; the connection ends where it does not answer within seconds. */
  probe(): void;
  /** The deadline of its last probe; 0 where it has answered. Two probes never have the same deadline. */
  readonly probedUntilMs: number;
}

/** What a swarm tells of itself, whatever its peers are reached over. */
export interface SwarmState {
  readonly infoHash: string;
  readonly isEmpty: boolean;
  readonly complete: number;
  readonly incomplete: number;
  downloaded: number;
  /** The newest announce reply; undefined when a count has changed since. */
  replyFrame: Buffer | undefined;
}

/** A peer's swarm, as code that holds the peer uses it. */
export interface PeerSwarm extends SwarmState {
  replyIntervalSeconds: number;
  add(id: string, link: Link, isSeeder: boolean): Peer;
  refresh(peer: Peer, isSeeder: boolean): void;
  remove(peer: Peer): void;
  choose(from: Peer, count: number, chosen: Peer[], randomInt: RandomInt, mark: number): number;
}

export class Peer {
  readonly id: string;
  readonly swarm: PeerSwarm;
  /** GONE once it has left. */
  link: Link;
  /** Has everything: announced `left: 0`, or `completed`. */
  isSeeder: boolean;
  lastSeenMs = 0;
  /** Position in `link.peers`. */
  linkIndex = 0;
  /** Position in the swarm's seeders or leechers. */
  swarmIndex = -1;
  /** Neighbours by age over all swarms. */
  older: Peer | undefined = undefined;
  newer: Peer | undefined = undefined;
  /** The announce that last chose this peer, so that one announce never chooses it twice. */
  chosenBy = 0;
  /** Peers that were sent an offer of this peer and have not answered it, once for each offer. */
  offeredTo: Peer[] | undefined = undefined;

  constructor(id: string, swarm: PeerSwarm, link: Link, isSeeder: boolean) {
    this.id = id;
    this.swarm = swarm;
    this.link = link;
    this.isSeeder = isSeeder;
  }

  get isIPv6(): boolean {
    return this.link.addressKey.includes(':');
  }
}

/** Stands for the connection of a peer that has left, so that a remembered peer does not keep its connection in memory. */
export const GONE: Link = {
  addressKey: '',
  peers: [],
  isOpen: false,
  isCongested: true,
  announceBucket: undefined,
  send: () => false,
  hold: () => false,
  release: () => undefined,
  pay: () => undefined,
  probe: () => undefined,
  probedUntilMs: 0,
};
