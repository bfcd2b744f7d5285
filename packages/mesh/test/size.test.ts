// What a page loads for the mesh.
import { build, stop } from 'esbuild';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The whole of it: engine, repair, signaling, WebRTC, keys, room. docs/decisions.md says why it is not 12 KB. */
const BYTES_MAX = 21_500;

it('is small, and needs nothing from Node', async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../src/index.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['relay-swarm-source'],
  }).finally(stop);
  expect(gzipSync(outputFiles[0]!.contents, { level: 9 }).length).toBeLessThan(BYTES_MAX);
});
