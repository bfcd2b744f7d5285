// Dice that fall the same way for the same seed: a run can be repeated.

export type Dice = () => number;

/** Mulberry32: 32 bits of state, from 0 up to 1. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An exponentially distributed time: short mostly, long now and then. */
export const exponential = (mean: number, dice: Dice): number => -mean * Math.log(1 - dice());

export function randomId(dice: Dice): string {
  let id = '';
  while (id.length < 64)
    id += Math.floor(dice() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return id;
}

export function shuffle<T>(items: readonly T[], dice: Dice): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(dice() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
