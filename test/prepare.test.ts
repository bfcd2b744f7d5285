// What npm start and npm test look at before they begin: the lines of .env, and whether every package is there.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkEnvLines, settingNames } from '../scripts/lib/env-lines.mjs';
import { isInstalled } from '../scripts/lib/prepare.mjs';
import { exampleSettings, readRepositoryFile } from './support/repository.ts';

describe('the lines of .env', () => {
  const known = settingNames(readRepositoryFile('.env.example'));

  it('are good as .env.example has them, with and without the #', () => {
    expect([...known]).toEqual([...exampleSettings().keys()]);
    const example = readRepositoryFile('.env.example');
    const all = example.replace(/^#(?=[A-Z0-9_]+=)/gm, '');
    for (const text of [example, all])
      expect(checkEnvLines(text, known)).toEqual({ faults: [], unknown: [] });
  });

  it.each([
    'HTTP_PORT = 5002',
    'HTTP_PORT="5002"',
    "  HTTP_PORT='5002' # mine",
    'export HTTP_PORT=5002',
    "RELAY_SWARM=it's ours\r\n",
    'COMPOSE_PROJECT_NAME=mine',
  ])('%j is good', (line) => {
    expect(checkEnvLines(line, known)).toEqual({ faults: [], unknown: [] });
  });

  it('that are none are refused by number, and never printed', () => {
    const { faults } = checkEnvLines('\nsecret words\nLOG_LEVEL="secret\n', known);
    expect(faults).toEqual([
      '.env line 2 is no setting: write NAME=value',
      '.env line 3: the quote at the start of LOG_LEVEL is not closed',
    ]);
  });

  it('with names that nobody reads are told', () => {
    expect(checkEnvLines('TRACKR_HOST=::1', known)).toEqual({
      faults: [],
      unknown: ['.env line 1: nobody reads TRACKR_HOST. Is it misspelt?'],
    });
  });
});

describe('the installed packages', () => {
  let folder: string;
  beforeEach(async () => {
    folder = `${await mkdtemp(join(tmpdir(), 'installed-'))}/`;
    const packages = {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0', optional: true },
    };
    await mkdir(join(folder, 'node_modules/a'), { recursive: true });
    await writeFile(join(folder, 'node_modules/a/package.json'), '{}');
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    await writeFile(
      join(folder, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': packages['node_modules/a'] } }),
    );
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are complete without optional ones', () => {
    expect(isInstalled(folder)).toBe(true);
  });

  it('are not complete when a folder is missing that npm has installed once', async () => {
    await rm(join(folder, 'node_modules/a'), { recursive: true });
    expect(isInstalled(folder)).toBe(false);
  });
});
