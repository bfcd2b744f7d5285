// Which members are in which room, and what they send each other through the server. Pure: time and sending are passed in.
import { newBucket, spendTokens, type Bucket, type Rate } from '@relay-swarm/net';
import { writeMeshReply } from '@relay-swarm/protocol/mesh';
import type { MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import { MESH_SNAPSHOT_MAX, type MeshMember, type MeshReply } from '@relay-swarm/protocol/mesh-member';

/** Where a member's messages go: its socket. */
export interface Seat {
  send(text: string): void;
  /** The same member has come with another socket. */
  replaced(): void;
}

export interface Member {
  readonly id: string;
  readonly room: Room;
  seat: Seat | undefined;
  awaySinceMs: number;
  status: string | undefined;
  statusVersion: number;
}

export interface Room {
  readonly address: string;
  readonly members: Map<string, Member>;
  readonly fallback: Bucket;
}

type Full = Extract<MeshRefusalCode, 'room_full' | 'rooms_full'>;

export interface RoomLimits {
  readonly roomsMax: number;
  readonly roomMembersMax: number;
  readonly awayMs: number;
  readonly fallbackBytesPerSecond: number;
}

/** Bytes of one token: a bucket counts thousandths, which leaves room for kilobytes. */
const FALLBACK_UNIT_BYTES = 64;
const FALLBACK_BURST_SECONDS = 16;

export class Rooms {
  readonly #limits: RoomLimits;
  readonly #fallbackRate: Rate;
  readonly #rooms = new Map<string, Room>();
  /** Members whose socket broke, the earliest first. */
  readonly #away = new Set<Member>();
  members = 0;
  fallbackBytes = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
    const perSecond = Math.max(1, limits.fallbackBytesPerSecond / FALLBACK_UNIT_BYTES);
    this.#fallbackRate = { perSecond, burst: perSecond * FALLBACK_BURST_SECONDS };
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  get away(): number {
    return this.#away.size;
  }

  /** How many members would be told of a newcomer. */
  sizeOf(address: string): number {
    return this.#rooms.get(address)?.members.size ?? 0;
  }

  member(address: string, id: string): Member | undefined {
    return this.#rooms.get(address)?.members.get(id);
  }

  /** The member takes its seat; who was there before it is told to go. Its key must have been proven. */
  join(address: string, id: string, seat: Seat, nowMs: number): Member | Full {
    const entered = this.#enter(address, id, seat, nowMs);
    if (typeof entered === 'string') return entered;
    const { member, isNew } = entered;
    if (isNew) this.#tellOthers(member, { action: 'joined', id });
    this.#sendSnapshot(member.room, member, seat);
    return member;
  }

  /**
   * Adds a member that was in this room at another node of the cluster, with its last status. Other members are not told: all of the room come
   * this way, and are told who is there (`list`) once all have come.
   */
  takeOver(
    address: string,
    id: string,
    seat: Seat,
    status: { readonly version: number; readonly data: string } | undefined,
    nowMs: number,
  ): Member | Full {
    const entered = this.#enter(address, id, seat, nowMs);
    if (typeof entered === 'string') return entered;
    const { member } = entered;
    if (status !== undefined && status.version > member.statusVersion) {
      member.status = status.data;
      member.statusVersion = status.version;
    }
    return member;
  }

  /** Another node has the member in this room now. It is removed here, and other members are not told. */
  handOver(member: Member): void {
    this.#remove(member);
  }

  /** Each step tells one member who is there, the work of one turn. */
  *list(address: string): Generator<void, void> {
    const room = this.#rooms.get(address);
    if (room === undefined) return;
    for (const member of [...room.members.values()]) {
      if (member.seat && room.members.get(member.id) === member)
        this.#sendSnapshot(room, member, member.seat);
      yield;
    }
  }

  #enter(address: string, id: string, seat: Seat, nowMs: number): { member: Member; isNew: boolean } | Full {
    let room = this.#rooms.get(address);
    if (!room) {
      if (this.#rooms.size >= this.#limits.roomsMax) return 'rooms_full';
      room = { address, members: new Map(), fallback: newBucket(this.#fallbackRate, nowMs) };
      this.#rooms.set(address, room);
    }
    let member = room.members.get(id);
    const isNew = member === undefined;
    if (!member) {
      if (room.members.size >= this.#limits.roomMembersMax) return 'room_full';
      member = { id, room, seat: undefined, awaySinceMs: 0, status: undefined, statusVersion: -1 };
      room.members.set(id, member);
      this.members++;
    }
    const before = member.seat;
    member.seat = seat;
    this.#away.delete(member);
    if (before !== seat) before?.replaced();
    return { member, isNew };
  }

  /** Its socket has closed; it may come back in a while. Nothing happens where it has another socket already. */
  disconnect(member: Member, seat: Seat, nowMs: number): void {
    if (member.seat !== seat) return;
    member.seat = undefined;
    member.awaySinceMs = nowMs;
    this.#away.add(member);
  }

  leave(member: Member): void {
    if (this.#remove(member)) this.#tellOthers(member, { action: 'left', id: member.id });
  }

  #remove(member: Member): boolean {
    const { room, id } = member;
    if (room.members.get(id) !== member) return false;
    room.members.delete(id);
    this.#away.delete(member);
    this.members--;
    if (room.members.size === 0) this.#rooms.delete(room.address);
    return true;
  }

  signal(from: Member, to: string, data: string): void {
    const receiver = from.room.members.get(to);
    if (receiver?.seat) receiver.seat.send(writeMeshReply({ action: 'signal', from: from.id, data }));
    else from.seat?.send(writeMeshReply({ action: 'absent', id: to }));
  }

  /** False where we know a newer one, or this one. */
  status(from: Member, version: number, data: string): boolean {
    if (version <= from.statusVersion) return false;
    from.statusVersion = version;
    from.status = data;
    this.#tellOthers(from, { action: 'status', from: from.id, data });
    return true;
  }

  /** Returns how long to wait where the room has used its budget up; nothing is sent then. */
  fallback(from: Member, to: readonly string[], data: string, nowMs: number): number {
    const { members, fallback } = from.room;
    const receivers = [...new Set(to)].flatMap((id) => members.get(id)?.seat ?? []);
    const bytes = data.length * receivers.length;
    const left = spendTokens(fallback, this.#fallbackRate, 0, nowMs);
    const isAllowed = this.#limits.fallbackBytesPerSecond > 0 && left * FALLBACK_UNIT_BYTES >= bytes;
    if (!isAllowed) {
      const missing = bytes / FALLBACK_UNIT_BYTES - left;
      return Math.min(3_600_000, Math.max(1, Math.ceil((1_000 * missing) / this.#fallbackRate.perSecond)));
    }
    spendTokens(fallback, this.#fallbackRate, bytes / FALLBACK_UNIT_BYTES, nowMs);
    this.fallbackBytes += bytes;
    const text = writeMeshReply({ action: 'fallback', from: from.id, data });
    for (const seat of receivers) seat.send(text);
    return 0;
  }

  /** Removes members that have not come back. */
  sweep(nowMs: number): void {
    for (const member of this.#away) {
      if (nowMs - member.awaySinceMs < this.#limits.awayMs) return;
      this.leave(member);
    }
  }

  #sendSnapshot(room: Room, to: Member, seat: Seat): void {
    const others = [...room.members.values()].filter((one) => one !== to);
    for (let at = 0; ; at += MESH_SNAPSHOT_MAX) {
      const members = others.slice(at, at + MESH_SNAPSHOT_MAX).map(describe);
      const isLast = at + MESH_SNAPSHOT_MAX >= others.length;
      seat.send(writeMeshReply({ action: 'members', members, isLast }));
      if (isLast) return;
    }
  }

  #tellOthers(about: Member, reply: MeshReply): void {
    const text = writeMeshReply(reply);
    for (const member of about.room.members.values()) if (member !== about) member.seat?.send(text);
  }
}

const describe = ({ id, status }: Member): MeshMember => (status === undefined ? { id } : { id, status });
