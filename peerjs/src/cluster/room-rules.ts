// What this node does for the mesh rooms that it owns, for members of other nodes as for its own.
import type { EdgeLink } from '@relay-swarm/cluster/edge';
import type { Member as ClusterMember, OwnerRules } from '@relay-swarm/cluster/member';
import type { RemoteLink } from '@relay-swarm/cluster/owner';
import type { MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Guest, RoomDesk, RoomRequest } from '../mesh/room-desk.ts';
import type { Member, Rooms } from '../mesh/rooms.ts';

/** What the bytes are that an owner sends to a member's node. */
export const Told = { text: 0, replaced: 1, refused: 2, rejected: 3 } as const;

/** A member of this node, as the edge takes it. */
export interface OwnGuest<G extends Guest> extends EdgeLink {
  readonly guest: G;
  readonly room: string;
  readonly id: string;
  readonly sinceMs: number;
}

/** A member that another node holds. */
export class RemoteGuest implements Guest {
  member: Member | undefined = undefined;
  readonly #remote: RemoteLink;
  readonly #pay: (messages: number) => boolean;

  constructor(remote: RemoteLink, pay: (messages: number) => boolean) {
    this.#remote = remote;
    this.#pay = pay;
  }

  pay(messages: number): boolean {
    return this.#pay(messages);
  }

  send(text: string): void {
    this.#tell(Told.text, text);
  }

  replaced(): void {
    this.member = undefined;
    this.#tell(Told.replaced, '');
  }

  refuse(what: MeshRefusalCode, detail: string, retryMs?: number): void {
    this.#tell(Told.refused, JSON.stringify([what, detail, retryMs]));
  }

  reject(what: 'room_full' | 'rooms_full', detail: string): void {
    this.#tell(Told.rejected, JSON.stringify([what, detail]));
  }

  #tell(what: number, text: string): void {
    this.#remote.deliver(Buffer.from(text), what, true);
  }
}

/** What a member's node keeps of it beside its room and id. */
export interface Kept {
  /** It joins now; otherwise it was in the room before, under another owner. */
  readonly isNew?: boolean;
  /** When it came, in Unix milliseconds: nodes tell of two connections of one member in any order, and the later one is the member's. */
  readonly sinceMs?: number;
  /** What it has last said of its links. */
  readonly status?: { readonly version: number; readonly data: string };
}

export interface RoomRulesOptions {
  readonly desk: RoomDesk;
  readonly rooms: Rooms;
  readonly monotonicMs: () => number;
  readonly nextTurn: (callback: () => void) => void;
}

/** Nodes notice within 750 ms of each other that one has come or gone. After this time all members of a room have been moved. */
const LIST_AFTER_MS = 1_000;

export class RoomRules<G extends Guest> implements OwnerRules<OwnGuest<G> | RemoteGuest> {
  readonly #options: RoomRulesOptions;
  /** Rooms that were taken over, and when their members shall hear who is there. */
  readonly #listAtMs = new Map<string, number>();
  readonly #sinceMs = new WeakMap<Member, number>();

  constructor(options: RoomRulesOptions) {
    this.#options = options;
  }

  receive(link: OwnGuest<G> | RemoteGuest, message: Buffer): void {
    const { desk, monotonicMs } = this.#options;
    desk.take(guestOf(link), JSON.parse(message.toString()) as RoomRequest, monotonicMs());
  }

  join(link: OwnGuest<G> | RemoteGuest, { key: room, id, state }: ClusterMember): boolean {
    const { desk, rooms, monotonicMs } = this.#options;
    const guest = guestOf(link);
    const { isNew = false, sinceMs = 0, status } = JSON.parse(state) as Kept;
    if (isNew) {
      desk.join(guest, room, id, monotonicMs());
      if (guest.member) this.#sinceMs.set(guest.member, sinceMs);
      return guest.member !== undefined;
    }
    const before = rooms.member(room, id);
    if (before?.seat && before.seat !== guest && this.#sinceMs.get(before)! > sinceMs) {
      guest.replaced();
      return false;
    }
    const member = rooms.takeOver(room, id, guest, status, monotonicMs());
    if (typeof member === 'string') {
      guest.reject(member, 'Cannot stay in the room: where it is now there is no place left');
      return false;
    }
    guest.member = member;
    this.#sinceMs.set(member, sinceMs);
    if (!this.#listAtMs.has(room)) this.#listAtMs.set(room, monotonicMs() + LIST_AFTER_MS);
    return true;
  }

  /** Another node owns its room now. */
  leave(link: OwnGuest<G> | RemoteGuest): void {
    const guest = guestOf(link);
    if (guest.member) this.#options.rooms.handOver(guest.member);
    guest.member = undefined;
  }

  /** It may come back in a while, to any node. */
  closed(link: OwnGuest<G> | RemoteGuest): void {
    this.#options.desk.gone(guestOf(link), this.#options.monotonicMs());
  }

  /** To be called several times a second: members of rooms that were taken over hear who is there. */
  tick(): void {
    const nowMs = this.#options.monotonicMs();
    for (const [room, atMs] of this.#listAtMs) {
      if (nowMs < atMs) continue;
      this.#listAtMs.delete(room);
      this.#goOn(this.#options.rooms.list(room));
    }
  }

  /** One turn of the event loop for each member, since the list of a large room is long. */
  #goOn(work: Generator<void, void>): void {
    if (work.next().done !== true) this.#options.nextTurn(() => this.#goOn(work));
  }
}

const guestOf = <G extends Guest>(link: OwnGuest<G> | RemoteGuest): Guest =>
  link instanceof RemoteGuest ? link : link.guest;
