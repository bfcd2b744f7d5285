// The library in one file each for pages without a bundler: an ES module, and a script that puts everything into `relaySwarm`.
// node packages/client/build.mjs writes both into dist/browser, as the npm package has them. The same sources give the same bytes.
import { build, stop } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** What browsers must know at least; the site's pages say the same. */
export const BROWSERS = ['chrome109', 'firefox115', 'safari16.4'];

const FORMS = [
  { name: 'relay-swarm-client.js', format: 'esm' },
  { name: 'relay-swarm-client.iife.js', format: 'iife', globalName: 'relaySwarm' },
];

/** @returns {Promise<{ name: string, text: string }[]>} */
export async function buildClient() {
  const built = await Promise.all(
    FORMS.map(async ({ name, ...form }) => {
      const { outputFiles } = await build({
        ...form,
        absWorkingDir: here,
        entryPoints: ['src/index.ts'],
        bundle: true,
        write: false,
        minify: true,
        platform: 'browser',
        target: BROWSERS,
        conditions: ['relay-swarm-source'], // our packages as they stand: nothing has to be compiled first
        legalComments: 'none',
        logLevel: 'warning',
      });
      return { name, text: outputFiles[0].text };
    }),
  );
  await stop(); // its helper process would keep whoever builds from ending
  return built;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const folder = join(here, 'dist', 'browser');
  await mkdir(folder, { recursive: true });
  for (const { name, text } of await buildClient()) await writeFile(join(folder, name), text);
}
