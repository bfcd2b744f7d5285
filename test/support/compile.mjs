// A program of this repository in one file, compiled from the sources of this moment, to be run in a process of its own: for tests, and for
// run-typescript.mjs. It is JavaScript because the oldest Node we support runs no TypeScript.
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './esbuild.mjs';

const root = join(import.meta.dirname, '..', '..');

/** Our own packages from their sources, whatever of them is imported. @type {import('esbuild').Plugin} */
const ourPackages = {
  name: 'our packages',
  setup: (build) => {
    build.onResolve({ filter: /^@relay-swarm\// }, ({ path }) => {
      const [, name = '', file = 'index'] = path.split('/');
      return { path: join(root, 'packages', name, 'src', `${file}.ts`) };
    });
  },
};

/** Files of tests look for others beside themselves; in one file together they still find them. @type {import('esbuild').Plugin} */
const ownPlaces = {
  name: 'own places',
  setup: (build) => {
    build.onLoad({ filter: /\/(test|scripts)\/.*\.(ts|mjs)$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8'))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('.ts') ? 'ts' : 'js',
    }));
  },
};

/**
 * @param {string} entry for example tracker/src/main.ts
 * @returns {Promise<string>} the program, alone in a folder below node_modules, so that the packages of npm are found from there; whoever asked removes the folder
 */
export async function compileProgram(entry) {
  const cache = join(root, 'node_modules', '.cache', 'relay-swarm');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'program-'));
  const outfile = join(folder, `${basename(entry, '.ts')}.mjs`);
  await bundle({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [ourPackages, ownPlaces],
    logLevel: 'error',
  });
  return outfile;
}
