// Mesh rooms on several nodes: each room lives at its owner. The node that a member is connected to checks its key and passes on what it asks;
// it remembers the member's room and status, so that another node can take the room over.
import type { Cluster } from '@relay-swarm/cluster/cluster';
import { Edge } from '@relay-swarm/cluster/edge';
import { Owner } from '@relay-swarm/cluster/owner';
import { newBucket, spendTokens, type Rate } from '@relay-swarm/net';
import type { MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Desk, Guest, RoomRequest } from '../mesh/room-desk.ts';
import {
  RemoteGuest,
  RoomRules,
  Told,
  type Kept,
  type OwnGuest,
  type RoomRulesOptions,
} from './room-rules.ts';

export interface ClusteredRoomsOptions extends RoomRulesOptions {
  readonly cluster: Cluster;
  readonly wallClockMs: () => number;
  /** What a member of another node may ask of this one. */
  readonly rate: Rate;
}

export class ClusteredRooms<G extends Guest & { readonly addressKey: string }> implements Desk<G> {
  readonly #options: ClusteredRoomsOptions;
  readonly #rules: RoomRules<G>;
  readonly #edge: Edge<OwnGuest<G>>;
  readonly #own = new Map<G, OwnGuest<G>>();

  constructor(options: ClusteredRoomsOptions) {
    this.#options = options;
    const { cluster, rate, monotonicMs, nextTurn } = options;
    const rules = (this.#rules = new RoomRules<G>(options));
    this.#edge = new Edge<OwnGuest<G>>({
      cluster,
      rules,
      deliver: ({ guest }, bytes, detail) => deliver(guest, bytes, detail),
      expiredBeforeMs: () => -Infinity, // a member that is connected is there
      asksAgain: true, // who is in the room
      nextTurn,
    });
    new Owner<OwnGuest<G> | RemoteGuest>({
      cluster,
      rules,
      open: (remote) => {
        const bucket = newBucket(rate, monotonicMs());
        return new RemoteGuest(remote, (messages) => spendTokens(bucket, rate, messages, monotonicMs()) >= 0);
      },
    });
  }

  /** The size of another node's room is not known here; its owner charges members of other nodes. */
  sizeOf(room: string): number {
    return this.#options.desk.sizeOf(room);
  }

  join(guest: G, room: string, id: string, nowMs: number): void {
    const { addressKey } = guest;
    const sinceMs = this.#options.wallClockMs();
    const own = { guest, room, id, sinceMs, addressKey, probedUntilMs: 0, probe: () => undefined };
    this.#own.set(guest, own);
    const isTaken = this.#edge.join(own, { key: room, id, state: write({ isNew: true, sinceMs }) }, nowMs);
    if (isTaken) this.#edge.enter(own, { key: room, id, state: write({ sinceMs }) }, nowMs);
  }

  take(guest: G, request: RoomRequest, nowMs: number): void {
    const own = this.#own.get(guest);
    if (own === undefined) return;
    const { room: key, id, sinceMs } = own;
    if (this.#edge.isOwnOrForwarded(own, key, Buffer.from(JSON.stringify(request))))
      this.#options.desk.take(guest, request, nowMs);
    if (request.action === 'leave') this.#edge.leave(own, { key, id });
    else if (request.action === 'status') {
      const { version, data } = request;
      this.#edge.enter(own, { key, id, state: write({ sinceMs, status: { version, data } }) }, nowMs);
    }
  }

  gone(guest: G, nowMs: number): void {
    const own = this.#own.get(guest);
    if (own === undefined) return;
    this.#own.delete(guest);
    this.#options.desk.gone(guest, nowMs);
    this.#edge.closed(own);
  }

  tick(): void {
    this.#rules.tick();
  }
}

const write = (kept: Kept): string => JSON.stringify(kept);

/** From the owner of the member's room. */
function deliver(guest: Guest, bytes: Buffer, detail: number): void {
  const text = bytes.toString();
  if (detail === Told.text) guest.send(text);
  else if (detail === Told.replaced) guest.replaced();
  else {
    const [what, why, retryMs] = JSON.parse(text) as [MeshRefusalCode, string, number?];
    if (detail === Told.refused) guest.refuse(what, why, retryMs);
    else if (what === 'room_full' || what === 'rooms_full') guest.reject(what, why);
  }
}
