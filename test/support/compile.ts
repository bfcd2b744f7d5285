// A program of this repository in one file, compiled from the sources of this moment, for tests that run it in a process of its own.
import { build, stop as stopEsbuild, type Plugin } from 'esbuild';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Our own packages from their sources, whatever of them is imported. */
const ourPackages: Plugin = {
  name: 'our packages',
  setup: (build) => {
    build.onResolve({ filter: /^@relay-swarm\// }, ({ path }) => {
      const [, name = '', file = 'index'] = path.split('/');
      return { path: join(root, 'packages', name, 'src', `${file}.ts`) };
    });
  },
};

let last: Promise<unknown> = Promise.resolve();

/**
 * @param entry for example tracker/src/main.ts
 * @returns the program, alone in a folder below node_modules, so that the packages of npm are found from there; whoever asked removes the folder
 */
export function compileProgram(entry: string): Promise<string> {
  // One after the other: each ends esbuild's helper process, which would keep jest from ending, and with it whatever else is being built.
  const program = last.then(() => compile(entry));
  last = program.catch(() => undefined);
  return program;
}

async function compile(entry: string): Promise<string> {
  const cache = join(root, 'node_modules', '.cache', 'relay-swarm');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'program-'));
  const outfile = join(folder, `${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [ourPackages],
    logLevel: 'error',
  }).finally(stopEsbuild);
  return outfile;
}
