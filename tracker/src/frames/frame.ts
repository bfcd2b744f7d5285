// What a turn does with finished WebSocket frames before they are written. The frames themselves: @relay-swarm/net/ws-frame.
import type { FrameMemory } from './frame-memory.ts';

const SMALL_BYTES = 48;

/** Copies bytes and returns where they end; a loop beats the library's copy where there are few. */
export function put(target: Buffer, at: number, source: Buffer, start = 0, end = source.length): number {
  if (end - start > SMALL_BYTES) {
    source.copy(target, at, start, end);
    return at + end - start;
  }
  while (start < end) target[at++] = source[start++]!;
  return at;
}

/** All frames in one piece of this turn's memory. */
export function joinFrames(frames: readonly Buffer[], bytes: number, memory: FrameMemory): Buffer {
  const joined = memory.allocate(bytes);
  let at = 0;
  for (const frame of frames) at = put(joined, at, frame);
  return joined;
}
