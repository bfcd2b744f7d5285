// Names in the environment that are nearly a setting's. Only near misses are told: what else an environment has (Kubernetes' own names for
// services, settings of the bundle's other parts) is nobody's mistake. Pure.
import type { Environment, Setting } from './settings.ts';

/** How many letters may be missing, added or different; two that changed places count as two. */
const LETTERS_MAX = 2;

const firstWord = (name: string): string => name.split('_', 1)[0]!;

/** Each name that none of these has and one of them nearly has. */
export function misspeltNames(
  env: Environment,
  settings: readonly Setting<unknown>[],
): { found: string; meant: string }[] {
  const known = settings.map(({ name }) => name);
  return Object.keys(env).flatMap((name) => {
    if (env[name] === undefined || known.includes(name)) return [];
    const meant = known.find(
      (one) => firstWord(one) === firstWord(name) && distance(one, name) <= LETTERS_MAX,
    );
    return meant === undefined ? [] : [{ found: name, meant }];
  });
}

/** Levenshtein's: how many letters are missing, added or other. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > LETTERS_MAX) return Infinity;
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(row[j - 1]! + 1, before[j]! + 1, before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    before = row;
  }
  return before[b.length]!;
}
