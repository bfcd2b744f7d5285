// A room as the overlay leaves it: random links, about the target for everybody, nobody past the maximum, all in one piece.
import { shuffle, type Dice } from './dice.ts';

/** For each member the numbers of its neighbours. */
export function randomLinks(count: number, target: number, max: number, dice: Dice): number[][] {
  for (;;) {
    const links = attempt(count, target, max, dice);
    if (isWhole(links)) return links;
  }
}

function attempt(count: number, target: number, max: number, dice: Dice): number[][] {
  const links = Array.from({ length: count }, () => new Set<number>());
  for (const from of shuffle([...links.keys()], dice)) {
    for (let tries = 0; links[from]!.size < target && tries < 20 * target; tries++) {
      const to = Math.floor(dice() * count);
      if (to === from || links[to]!.size >= max) continue;
      links[from]!.add(to);
      links[to]!.add(from);
    }
  }
  return links.map((set) => [...set]);
}

function isWhole(links: readonly number[][]): boolean {
  const reached = new Set([0]);
  const stack = [0];
  while (stack.length > 0) {
    for (const next of links[stack.pop()!]!) {
      if (reached.has(next)) continue;
      reached.add(next);
      stack.push(next);
    }
  }
  return reached.size === links.length;
}
