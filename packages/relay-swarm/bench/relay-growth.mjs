// Bundles and runs relay-growth.ts, since Node 20 runs no TypeScript: node packages/relay-swarm/bench/relay-growth.mjs [10,25,50,100]
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = here('../dist/bench/relay-growth.mjs');
await build({
  entryPoints: [here('relay-growth.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
});
await import(outfile);
