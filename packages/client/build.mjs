// The library in one file each for pages without a bundler: an ES module, and a script that puts everything into `relaySwarm`. Every relay
// serves them as /client.js and /client-iife.js. The same sources give the same bytes, which their integrity in README.md rests on.
import { build, stop } from 'esbuild';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** What browsers must know at least; the site's pages say the same. */
export const BROWSERS = ['chrome109', 'firefox115', 'safari16.4'];

/** @returns {Promise<{ name: string, text: string }[]>} */
export async function buildClient() {
  const built = [
    { name: 'client.js', text: await bundle({ format: 'esm', minify: true, target: BROWSERS }) },
    {
      name: 'client-iife.js',
      text: await bundle({ format: 'iife', globalName: 'relaySwarm', minify: true, target: BROWSERS }),
    },
  ];
  return built;
}

/**
 * One form of the library.
 * @param {import('esbuild').BuildOptions} form
 * @returns {Promise<string>}
 */
export async function bundle(form) {
  try {
    const { outputFiles } = await build({
      ...form,
      absWorkingDir: here,
      entryPoints: ['src/index.ts'],
      bundle: true,
      write: false,
      platform: 'browser',
      conditions: ['relay-swarm-source'], // our packages as they stand: nothing has to be compiled first
      legalComments: 'none',
      logLevel: 'warning',
    });
    return outputFiles?.[0]?.text ?? '';
  } finally {
    await stop(); // its helper process would keep whoever builds from ending
  }
}

/** What <script integrity> says of this text (W3C Subresource Integrity). */
export const integrityOf = (/** @type {string} */ text) =>
  `sha384-${createHash('sha384').update(text).digest('base64')}`;

/**
 * A page of the documentation with the integrity of what is built now, wherever it says `integrity="…"` behind the name of a file.
 * @param {string} page
 * @param {readonly { name: string, text: string }[]} built
 */
export function withIntegrity(page, built) {
  return built.reduce(
    (text, { name, text: code }) =>
      text.replace(
        new RegExp(`(/${name.replaceAll('.', '\\.')}"\\s+integrity=")[^"]*"`, 'g'),
        (_, before) => `${before}${integrityOf(code)}"`,
      ),
    page,
  );
}
