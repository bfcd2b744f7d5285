// What a page loads for the mesh.
import { gzipSync } from 'node:zlib';
import { bundle } from '../../../test/support/esbuild.mjs';

/** A page that calls `join`: engine, repair, signaling, WebRTC, keys, room, and the checks of arguments. docs/decisions.md says why not 12 KB. */
const JOIN_BYTES_MAX = 22_050;
/** What the same adds to a page that has the client library. */
const BESIDE_CLIENT_BYTES_MAX = 21_350;
/** The mesh itself, which is a state machine: what the network, keys and the application's API come on top of. */
const ENGINE_BYTES_MAX = 12_900;

async function gzippedBytes(module: string): Promise<number> {
  const { outputFiles } = await bundle({
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

it('is small, and needs nothing from Node', async () => {
  const join = "export { join } from '@relay-swarm/mesh';";
  const client = "export * from '@relay-swarm/client';";
  expect(await gzippedBytes(join)).toBeLessThan(JOIN_BYTES_MAX);
  const added = (await gzippedBytes(client + join)) - (await gzippedBytes(client));
  expect(added).toBeLessThan(BESIDE_CLIENT_BYTES_MAX);
  expect(await gzippedBytes("export { Engine } from '@relay-swarm/mesh/engine/engine'")).toBeLessThan(
    ENGINE_BYTES_MAX,
  );
});
