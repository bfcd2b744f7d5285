// Ends what is no longer served once an access list has changed: a bounded number of steps in each turn of the event loop, so that
// other clients do not wait for it. No sockets; the turns are passed in.
import { Priority } from '../swarm/peer.ts';
import type { IpPeerTable } from '../swarm/ip-peer-table.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { failure } from '../frontends/webtorrent/writer.ts';

/** Work in small pieces, one for each `next()`. */
export type Steps = Iterator<void, void>;

const STEPS_PER_TURN = 500;

export class AccessEnforcer {
  readonly #nextTurn: (callback: () => void) => void;
  #steps: Steps | undefined = undefined;

  constructor(nextTurn: (callback: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** Work that was begun for an older list is dropped. */
  start(steps: Steps): void {
    const isRunning = this.#steps !== undefined;
    this.#steps = steps;
    if (!isRunning) this.#nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    for (let step = 0; step < STEPS_PER_TURN; step++) {
      if (this.#steps!.next().done === true) {
        this.#steps = undefined;
        return;
      }
    }
    this.#nextTurn(this.#turn);
  };
}

/** Removes all peers of refused swarms. Peers on a connection are told what a new announce would be told; others hear it at their next one. */
export function* closeSwarms(
  swarms: SwarmStore,
  ipPeers: IpPeerTable,
  refuse: (infoHash: string) => string | undefined,
): Generator<void, void> {
  for (const swarm of swarms.all()) {
    yield;
    const refusal = refuse(swarm.infoHash);
    if (refusal === undefined) continue;
    const frame = failure('announce', swarm.infoHash, refusal);
    for (let peer = swarm.anyPeer; peer !== undefined; peer = swarm.anyPeer) {
      peer.link.send(frame, Priority.reply);
      swarms.remove(peer);
      yield;
    }
    for (const peer of swarm.ipPeers?.all() ?? []) {
      ipPeers.remove(peer);
      yield;
    }
  }
}
