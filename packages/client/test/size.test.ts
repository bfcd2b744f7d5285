// The library is small enough for any page, and needs nothing but a browser.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleForBrowser } from '../../../test/support/chromium.ts';
import { readRepositoryFile } from '../../../test/support/repository.ts';
import { buildClient, withIntegrity } from '../build.mjs';

const GZIPPED_BYTES_MAX = 20_000;

describe('the bundle', () => {
  it(`has at most ${GZIPPED_BYTES_MAX / 1000} kB gzipped, as it is served`, async () => {
    for (const { name, text } of await buildClient()) {
      const bytes = gzipSync(text, { level: 9 }).length;
      process.stdout.write(`client: ${name} has ${bytes} bytes gzipped\n`);
      expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
    }
  });

  it('is what README.md gives the integrity of (npm run generate)', async () => {
    const page = readRepositoryFile('packages/client/README.md');
    expect(page.match(/integrity="sha384-[^"]{64}"/g)).toHaveLength(2);
    expect(page).toBe(withIntegrity(page, await buildClient()));
  });

  it('needs nothing of Node', async () => {
    const text = await bundleForBrowser(
      `export * from ${JSON.stringify(join(import.meta.dirname, '..', 'src', 'index.ts'))}`,
      import.meta.dirname,
    );
    expect(text).not.toMatch(/\bprocess\.|\bBuffer\b|\brequire\(/);
  });
});
