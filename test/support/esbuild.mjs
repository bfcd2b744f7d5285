// The only importer of esbuild in tests, and in what is run like them. Builds run side by side, and the last one ends esbuild's helper process,
// which would keep jest from ending.
import { build, stop } from 'esbuild';

let running = 0;

/**
 * @template {import('esbuild').BuildOptions} Options
 * @param {import('esbuild').SameShape<import('esbuild').BuildOptions, Options>} options
 * @returns {Promise<import('esbuild').BuildResult<Options>>}
 */
export async function bundle(options) {
  running += 1;
  return build(options).finally(() => (--running === 0 ? stop() : undefined));
}
