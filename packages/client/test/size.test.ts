// The library is small enough for any page, and needs nothing but a browser.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleForBrowser } from '../../../test/support/chromium.ts';

const GZIPPED_BYTES_MAX = 20_000;

describe('the bundle', () => {
  it(`has at most ${GZIPPED_BYTES_MAX / 1000} kB gzipped, even before it is minified`, async () => {
    const text = await bundleForBrowser(
      `export * from ${JSON.stringify(join(import.meta.dirname, '..', 'src', 'index.ts'))}`,
      import.meta.dirname,
    );
    const bytes = gzipSync(text, { level: 9 }).length;
    process.stdout.write(`client: ${bytes} bytes gzipped, not minified\n`);
    expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
    expect(text).not.toMatch(/\bprocess\.|\bBuffer\b|\brequire\(/);
  });
});
