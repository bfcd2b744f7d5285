// Bundles and runs small-views.ts, since Node 20 runs no TypeScript: node packages/relay-swarm/bench/small-views.mjs [40] [8] [seed]
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = here('../dist/bench/small-views.mjs');
await build({
  entryPoints: [here('small-views.ts')],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
});
await import(outfile);
