// What a page loads for the mesh.
import { build, stop } from 'esbuild';
import { gzipSync } from 'node:zlib';

/** A page that calls `join`: engine, repair, signaling, WebRTC, keys, room, and the checks of its options (1 KB). docs/decisions.md says why not 12 KB. */
const JOIN_BYTES_MAX = 21_250;
/** The mesh itself, which is a state machine: what the network, keys and the application's API come on top of. */
const ENGINE_BYTES_MAX = 12_900;

async function gzippedBytes(module: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: module, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['relay-swarm-source'],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

afterAll(stop);

it('is small, and needs nothing from Node', async () => {
  expect(await gzippedBytes("export { join } from '@relay-swarm/mesh'")).toBeLessThan(JOIN_BYTES_MAX);
  expect(await gzippedBytes("export { Engine } from '@relay-swarm/mesh/engine/engine'")).toBeLessThan(
    ENGINE_BYTES_MAX,
  );
});
