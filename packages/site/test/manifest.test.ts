// The custom-elements manifest is what the element's comments and code say. Where this fails: npm run manifest -w packages/site
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const site = join(import.meta.dirname, '..');
const tool = join(site, '..', '..', 'node_modules', '@custom-elements-manifest', 'analyzer', 'cem.js');

it('custom-elements.json tells what <swarm-video> is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  try {
    const options = ['analyze', '--quiet', '--outdir', relative(site, folder)];
    execFileSync(process.execPath, [tool, ...options], { cwd: site, env: { PATH: process.env['PATH'] } });
    const [fresh, kept] = await Promise.all(
      [folder, site].map(
        async (at) => JSON.parse(await readFile(join(at, 'custom-elements.json'), 'utf8')) as unknown,
      ),
    );
    expect(kept).toEqual(fresh);
    expect(JSON.stringify(kept)).toContain('"tagName":"swarm-video"');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
