// Of what build this process is: a short digest of its program, so that nodes that were updated apart can be told from each other.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CHARS = 12;

/** Of the code beside the program that was started; empty where that is no folder of its own. */
export function releaseOfProcess(program = process.argv[1]): string {
  if (program === undefined) return '';
  try {
    return releaseOf(dirname(program));
  } catch {
    return ''; // started in some other way
  }
}

export function releaseOf(folder: string): string {
  const digest = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /\.(js|ts)$/.test(name)).sort())
    digest.update(file).update(readFileSync(join(folder, file)));
  return digest.digest('hex').slice(0, CHARS);
}
