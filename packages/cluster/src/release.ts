// Of what build this process is: a short digest of its program, so that nodes that were updated apart can be told from each other.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CHARS = 12;

/** Of the code beside the program that was started, and of the packages of this repository that it uses; empty where that is no folder of its own. */
export function releaseOfProcess(program = process.argv[1]): string {
  if (program === undefined) return '';
  try {
    const own = dirname(program);
    return releaseOf(own, ...packagesOf(own));
  } catch {
    return ''; // started in some other way
  }
}

/** From SERVICE/dist: the compiled packages, as docker/node-service.Dockerfile puts them there. */
function packagesOf(own: string): string[] {
  const packages = join(own, '../../packages');
  if (!existsSync(packages)) return [];
  const folders = readdirSync(packages).map((name) => join(packages, name, 'dist'));
  return folders.filter((folder) => existsSync(folder)).sort();
}

export function releaseOf(...folders: readonly string[]): string {
  const digest = createHash('sha256');
  for (const folder of folders) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(js|ts)$/.test(name)).sort())
      digest.update(file).update(readFileSync(join(folder, file)));
  }
  return digest.digest('hex').slice(0, CHARS);
}
