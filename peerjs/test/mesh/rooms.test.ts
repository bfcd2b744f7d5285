import { readMeshReply, type MeshReply } from '@relay-swarm/protocol/mesh-member';
import { Rooms, type Member, type Seat } from '../../src/mesh/rooms.ts';

const room = 'ab'.repeat(32);
const idOf = (n: number): string => n.toString(16).padStart(64, '0');
const limits = { roomsMax: 3, roomMembersMax: 200, awayMs: 10_000, fallbackBytesPerSecond: 6_400 };

class TestSeat implements Seat {
  heard: MeshReply[] = [];
  isReplaced = false;
  send(text: string): void {
    this.heard.push(readMeshReply(text));
  }
  replaced(): void {
    this.isReplaced = true;
  }
  take(): MeshReply[] {
    return this.heard.splice(0);
  }
}

function setUp(more = {}) {
  const rooms = new Rooms({ ...limits, ...more });
  const join = (n: number, address = room): { seat: TestSeat; member: Member } => {
    const seat = new TestSeat();
    const member = rooms.join(address, idOf(n), seat, 0);
    if (typeof member === 'string') throw new Error(member);
    return { seat, member };
  };
  return { rooms, join };
}

describe('rooms', () => {
  it('tell a newcomer who is there, with what they last said of their links, and the others of it', () => {
    const { rooms, join } = setUp();
    const a = join(1);
    rooms.status(a.member, 5, 'AAAA');
    a.seat.take();
    const b = join(2);
    expect(b.seat.take()).toEqual([
      { action: 'members', members: [{ id: idOf(1), status: 'AAAA' }], isLast: true },
    ]);
    expect(a.seat.take()).toEqual([{ action: 'joined', id: idOf(2) }]);
  });

  it('tell of a large room in pieces', () => {
    const { join } = setUp();
    for (let n = 1; n <= 129; n++) join(n);
    const pieces = join(200).seat.take();
    expect(
      pieces.map((piece) => (piece.action === 'members' ? [piece.members.length, piece.isLast] : 0)),
    ).toEqual([
      [64, false],
      [64, false],
      [1, true],
    ]);
  });

  it('pass signals on, with the sender that the server knows, and say when nobody is there', () => {
    const { rooms, join } = setUp();
    const [a, b] = [join(1), join(2)];
    a.seat.take();
    b.seat.take();
    rooms.signal(a.member, idOf(2), 'sealed');
    rooms.signal(a.member, idOf(9), 'sealed');
    expect(b.seat.take()).toEqual([{ action: 'signal', from: idOf(1), data: 'sealed' }]);
    expect(a.seat.take()).toEqual([{ action: 'absent', id: idOf(9) }]);
  });

  it('keep rooms apart', () => {
    const { rooms, join } = setUp();
    const a = join(1);
    const b = join(2, 'cd'.repeat(32));
    b.seat.take();
    rooms.signal(a.member, idOf(2), 'sealed');
    rooms.status(a.member, 1, 'AAAA');
    rooms.fallback(a.member, [idOf(2)], 'AAAA', 0);
    expect(b.seat.take()).toEqual([]);
  });

  it('take statuses in the order of their versions only', () => {
    const { rooms, join } = setUp();
    const [a, b] = [join(1), join(2)];
    b.seat.take();
    expect([3, 3, 2, 4].map((version) => rooms.status(a.member, version, `v${version}`))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(b.seat.take().map((reply) => (reply.action === 'status' ? reply.data : ''))).toEqual(['v3', 'v4']);
  });

  it('miss nobody who comes back soon, and everybody who does not', () => {
    const { rooms, join } = setUp();
    const [a, b] = [join(1), join(2)];
    b.seat.take();
    rooms.disconnect(a.member, a.seat, 0);
    rooms.sweep(9_999);
    const again = join(1);
    expect(b.seat.take()).toEqual([]);
    rooms.disconnect(again.member, again.seat, 10_000);
    rooms.sweep(20_000);
    expect(b.seat.take()).toEqual([{ action: 'left', id: idOf(1) }]);
    expect([rooms.members, rooms.away]).toEqual([1, 0]);
  });

  it('let a newer socket of a member take the place of the older, whose end changes nothing', () => {
    const { rooms, join } = setUp();
    const [a, again] = [join(1), join(1)];
    expect(a.seat.isReplaced).toBe(true);
    rooms.disconnect(a.member, a.seat, 0);
    expect([rooms.members, rooms.away]).toEqual([1, 0]);
    expect(again.member.seat).toBe(again.seat);
  });

  it('carry messages for those whom the mesh does not reach within a budget of the room', () => {
    const { rooms, join } = setUp();
    const [a, b, c] = [join(1), join(2), join(3)];
    b.seat.take();
    const half = 'A'.repeat(51_200); // of 16 seconds' worth
    expect(rooms.fallback(a.member, [idOf(2), idOf(2)], half, 0)).toBe(0);
    expect(rooms.fallback(c.member, [idOf(2)], half, 0)).toBe(0);
    const waitMs = rooms.fallback(a.member, [idOf(2)], 'A'.repeat(6_400), 0);
    expect(waitMs).toBe(1_000);
    expect(rooms.fallback(a.member, [idOf(2)], 'A'.repeat(6_400), waitMs)).toBe(0);
    expect(b.seat.take()).toHaveLength(3);
    expect(rooms.fallbackBytes).toBe(2 * 51_200 + 6_400);
  });

  it('have limits, and are gone with their last member', () => {
    const { rooms, join } = setUp({ roomMembersMax: 2 });
    const [a, b] = [join(1), join(2)];
    expect(() => join(3)).toThrow('room_full');
    join(1, 'cd'.repeat(32));
    join(1, 'ef'.repeat(32));
    expect(() => join(1, '01'.repeat(32))).toThrow('rooms_full');
    rooms.leave(a.member);
    rooms.leave(b.member);
    rooms.leave(b.member);
    expect([rooms.rooms, rooms.members]).toEqual([2, 2]);
  });
});
