// Does what members ask of the rooms, for a visitor of this node and, in a cluster, for one of another node. Pure: the time is passed in.
import type { MeshRequest } from '@relay-swarm/protocol/mesh-member';
import type { MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import type { MeshCounters } from './mesh-counters.ts';
import type { Member, Rooms, Seat } from './rooms.ts';

/** A member's connection. */
export interface Guest extends Seat {
  member: Member | undefined;
  /** Charges it. False where it owes so much that a request that costs others something is not done. */
  pay(messages: number): boolean;
  refuse(what: MeshRefusalCode, detail: string, retryMs?: number): void;
  /** Refuses it, and ends its connection. */
  reject(what: 'room_full' | 'rooms_full', detail: string): void;
}

export type RoomRequest = Exclude<MeshRequest, { action: 'join' }>;

/** Where a visitor's requests go: to the rooms of this node, or to the node that owns the room. */
export interface Desk<G extends Guest> {
  /** How many members would be told of a newcomer, as far as this node knows. */
  sizeOf(room: string): number;
  /** Its key must have been proven. */
  join(guest: G, room: string, id: string, nowMs: number): void;
  take(guest: G, request: RoomRequest, nowMs: number): void;
  gone(guest: G, nowMs: number): void;
}

/** What a status costs beside its frame: one message for this many receivers. */
export const RECEIVERS_PER_MESSAGE = 16;

export class RoomDesk implements Desk<Guest> {
  readonly #rooms: Rooms;
  readonly #counters: MeshCounters;

  constructor(rooms: Rooms, counters: MeshCounters) {
    this.#rooms = rooms;
    this.#counters = counters;
  }

  sizeOf(room: string): number {
    return this.#rooms.sizeOf(room);
  }

  join(guest: Guest, room: string, id: string, nowMs: number): void {
    const member = this.#rooms.join(room, id, guest, nowMs);
    if (typeof member === 'string') guest.reject(member, 'Cannot join: there is no place left');
    else guest.member = member;
  }

  take(guest: Guest, request: RoomRequest, nowMs: number): void {
    const { member } = guest;
    if (member === undefined) return; // it was replaced meanwhile
    switch (request.action) {
      case 'signal':
        this.#counters.signals++;
        this.#rooms.signal(member, request.to, request.data);
        break;
      case 'status':
        if (!guest.pay(member.room.members.size / RECEIVERS_PER_MESSAGE)) return;
        this.#counters.statuses++;
        this.#rooms.status(member, request.version, request.data);
        break;
      case 'fallback': {
        const retryMs = this.#rooms.fallback(member, request.to, request.data, nowMs);
        if (retryMs > 0)
          guest.refuse('fallback_budget', 'This room has sent its share through the server', retryMs);
        break;
      }
      case 'leave':
        guest.member = undefined;
        this.#rooms.leave(member);
    }
  }

  gone(guest: Guest, nowMs: number): void {
    if (guest.member) this.#rooms.disconnect(guest.member, guest, nowMs);
  }
}
