import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { FrameMemory } from '../../src/frames/frame-memory.ts';

const SLAB = 262_144;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('the memory for frames', () => {
  let memory: FrameMemory;
  beforeEach(() => {
    memory = new FrameMemory();
  });

  it('gives pieces that do not overlap, and the same ones again in the next turn', () => {
    const first = Array.from({ length: 30 }, (_, index) => memory.allocate(5_000).fill(index));
    first.forEach((piece, index) => expect(piece.every((byte) => byte === index)).toBe(true));
    memory.endTurn();
    expect(memory.allocate(10).buffer).toBe(first[0]!.buffer);
  });

  it('says when a turn has made enough to write it at once', () => {
    for (let used = 0; used < 63 * SLAB; used += SLAB / 8) memory.allocate(SLAB / 8);
    expect(memory.isEnough).toBe(false);
    for (let used = 0; used < 2 * SLAB; used += SLAB / 8) memory.allocate(SLAB / 8);
    expect(memory.isEnough).toBe(true);
    memory.endTurn();
    expect(memory.isEnough).toBe(false);
  });

  it('leaves alone what waits for a slow reader', () => {
    const piece = memory.allocate(100).fill(7);
    memory.keepThisTurn();
    memory.endTurn();
    for (let used = 0; used < 4 * SLAB; used += 1_000) memory.allocate(1_000).fill(9);
    expect(piece.every((byte) => byte === 7)).toBe(true);
  });

  it('keeps little more for each of many slow readers than it may have waiting', () => {
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const waiting = Array.from({ length: 50 }, () => {
      const piece = memory.allocate(100);
      memory.keepThisTurn();
      memory.endTurn();
      return piece;
    });
    collect();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1.1 * waiting.length * 262_144);
  });

  it('gives large pieces memory of their own', () => {
    const large = memory.allocate(SLAB);
    expect([large.length, large.buffer.byteLength]).toEqual([SLAB, SLAB]);
    expect(memory.allocate(1).buffer).not.toBe(large.buffer);
  });

  it('does not grow in a turn without an end: frames that are all dropped are never flushed', () => {
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 8_000; index++) memory.allocate(SLAB / 4);
    collect(); // which may leave some for the next time
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000 * SLAB);
  });

  it('gives memory back when turns need less', () => {
    const fortySlabs = () => new Set(Array.from({ length: 160 }, () => memory.allocate(SLAB / 4).buffer));
    const busy = fortySlabs();
    const usedAgain = () => {
      memory.endTurn();
      return [...fortySlabs()].filter((slab) => busy.has(slab)).length;
    };
    expect(usedAgain()).toBe(40);
    for (let turn = 0; turn < 64 * 40; turn++) {
      memory.endTurn();
      memory.allocate(10);
    }
    expect(usedAgain()).toBeLessThan(10);
  });

  it('never gives a piece twice in one turn, however busy', () => {
    const pieces = Array.from({ length: 1_600 }, (_, index) => memory.allocate(SLAB / 4).fill(index % 251));
    pieces.forEach((piece, index) => expect(piece.every((byte) => byte === index % 251)).toBe(true));
  });
});
