// docs/api.md is what the comments in the sources say now.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const client = join(import.meta.dirname, '..', '..');
const modules = join(client, '..', '..', 'node_modules');
const typedoc = join(modules, 'typedoc', 'bin', 'typedoc');

it('docs/api.md is up to date (npm run api -w packages/client)', async () => {
  const cache = join(modules, '.cache', 'relay-swarm'); // below the repository, whose way of formatting it takes
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'api-'));
  await promisify(execFile)(process.execPath, [typedoc, '--out', folder], { cwd: client });
  const [now, kept] = await Promise.all(
    [folder, join(client, 'docs')].map((where) => readFile(join(where, 'api.md'), 'utf8')),
  );
  await rm(folder, { recursive: true });
  expect(kept).toBe(now);
}, 120_000);
