import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { allocateFrame, endTurn, keepThisTurnsFrames } from '../../src/frames/frame-memory.ts';

const SLAB = 262_144;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('the memory for frames', () => {
  beforeEach(() => {
    keepThisTurnsFrames();
    endTurn(); // begins with nothing, whatever ran before
  });

  it('gives pieces that do not overlap, and the same ones again in the next turn', () => {
    const first = Array.from({ length: 30 }, (_, index) => allocateFrame(5_000).fill(index));
    first.forEach((piece, index) => expect(piece.every((byte) => byte === index)).toBe(true));
    endTurn();
    expect(allocateFrame(10).buffer).toBe(first[0]!.buffer);
  });

  it('leaves alone what waits for a slow reader', () => {
    const piece = allocateFrame(100).fill(7);
    keepThisTurnsFrames();
    endTurn();
    for (let used = 0; used < 4 * SLAB; used += 1_000) allocateFrame(1_000).fill(9);
    expect(piece.every((byte) => byte === 7)).toBe(true);
  });

  it('keeps little more for each of many slow readers than it may have waiting', () => {
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const waiting = Array.from({ length: 50 }, () => {
      const piece = allocateFrame(100);
      keepThisTurnsFrames();
      endTurn();
      return piece;
    });
    collect();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1.1 * waiting.length * 262_144);
  });

  it('gives large pieces memory of their own', () => {
    const large = allocateFrame(SLAB);
    expect([large.length, large.buffer.byteLength]).toEqual([SLAB, SLAB]);
    expect(allocateFrame(1).buffer).not.toBe(large.buffer);
  });

  it('does not grow in a turn without an end: frames that are all dropped are never flushed', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 2_000; index++) allocateFrame(SLAB / 4);
    collect();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(300 * SLAB);
  });

  it('gives memory back when turns need less', () => {
    for (let used = 0; used < 40 * SLAB; used += SLAB / 4) allocateFrame(SLAB / 4);
    collect();
    const busy = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 64 * 40; turn++) {
      allocateFrame(10);
      endTurn();
    }
    collect();
    expect(busy - process.memoryUsage().arrayBuffers).toBeGreaterThan(30 * SLAB);
  });

  it('never gives a piece twice in one turn, however busy', () => {
    const pieces = Array.from({ length: 1_600 }, (_, index) => allocateFrame(SLAB / 4).fill(index % 251));
    pieces.forEach((piece, index) => expect(piece.every((byte) => byte === index % 251)).toBe(true));
  });
});
