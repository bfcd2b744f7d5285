// The npm package as users get it: packed, looked at by the ecosystem's own linters, and used in Node, in a Vite project and by a script tag.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import {
  describeWithChromium,
  launchChromium,
  servePages,
  type Browser,
} from '../../../../test/support/chromium.ts';
import { integrityOf } from '../../build.mjs';
import { stagePackage } from '../../pack.mjs';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..', '..');
const bin = (name: string): string => join(root, 'node_modules', ...name.split('/'));
/** What a page says when it has the library. */
const FIRST_RELAY = 'BAD_ARGUMENT';

let folder: string;
let staged: string;
let tarball: Buffer;
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-package-'));
  staged = join(folder, 'package');
  await stagePackage(staged);
  await run('npm', ['pack', '--pack-destination', folder], { cwd: staged });
  const name = (await readdir(folder)).find((file) => file.endsWith('.tgz'))!;
  tarball = await readFile(join(folder, name));
  // A user's project: the package comes from the tarball, and needs nothing else.
  project = join(folder, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{"name":"project","private":true,"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, name)], { cwd: project });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('has nothing that publint complains of', async () => {
    const { messages, pkg } = await publint({ pkgDir: staged, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  }, 60_000);

  it('has types that every way of resolving finds ("are the types wrong?")', async () => {
    const result = await checkPackage(createPackageFromTarballData(tarball));
    // An ES module is all there is; since Node 20.19 require() takes it too.
    const problems =
      result.types === false
        ? ['no types']
        : result.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM');
    expect(problems).toEqual([]);
  }, 60_000);

  it('brings what it says, and no sources', async () => {
    const files = (await readdir(join(staged, 'dist'), { recursive: true })).filter((file) =>
      /\.\w+$/.test(file),
    );
    expect(files.filter((file) => !file.endsWith('.d.ts')).sort()).toEqual([
      'client-iife.js',
      'client.js',
      'index.js',
    ]);
    expect(files).toContain(join('types', 'protocol', 'roster.d.ts'));
  });

  it('is used from Node, and checked by TypeScript with and without a bundler', async () => {
    const use = `import { ClientError, Roster, type RosterRelay } from '@relay-swarm/client';
      const relays: readonly RosterRelay[] = await Roster.load([]).then((roster) => roster.relays, (error: unknown) => {
        if (!(error instanceof ClientError)) throw error;
        const code: 'BAD_ARGUMENT' | 'NO_ROSTER' = error.code === 'BAD_ARGUMENT' ? error.code : 'NO_ROSTER';
        console.log(code);
        return [];
      });
      export const url: string | undefined = relays[0]?.url;`;
    await writeFile(join(project, 'use.ts'), use);
    const tsc = [
      bin('typescript/bin/tsc'),
      '--ignoreConfig',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom,dom.iterable,esnext.disposable',
    ];
    for (const module of [
      ['--module', 'nodenext'],
      ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit'],
    ])
      await run(process.execPath, [...tsc, ...module, 'use.ts'], { cwd: project }).catch((error: unknown) => {
        throw new Error((error as { stdout: string }).stdout); // where tsc complains
      });
    const { stdout } = await run(process.execPath, ['use.js'], { cwd: project });
    expect(stdout.trim()).toBe(FIRST_RELAY);
  }, 120_000);
});

describeWithChromium('the package in a page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);

  afterAll(() => browser.close());

  async function titleOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    const pages = await servePages(files);
    const page = await browser.newPage();
    try {
      await page.goto(pages.url);
      await page.waitForFunction('document.title !== "waiting"', undefined, { timeout: 20_000 });
      return await page.title();
    } finally {
      await page.close();
      await pages.close();
    }
  }

  it('of a Vite project', async () => {
    await symlink(bin('vite'), join(project, 'node_modules', 'vite'));
    await writeFile(
      join(project, 'index.html'),
      '<!doctype html><title>waiting</title><script type="module" src="/main.js"></script>',
    );
    await writeFile(
      join(project, 'main.js'),
      `import { Roster } from '@relay-swarm/client';
       Roster.load([]).catch(({ code }) => (document.title = code));`,
    );
    await run(process.execPath, [bin('vite/bin/vite.js'), 'build', '--logLevel', 'warn'], { cwd: project });
    const built = join(project, 'dist');
    const files = (await readdir(built, { recursive: true })).filter((file) => /\.\w+$/.test(file));
    const served = await Promise.all(
      files.map(
        async (file) =>
          [file === 'index.html' ? '/' : `/${file}`, await readFile(join(built, file))] as const,
      ),
    );
    expect(await titleOf(Object.fromEntries(served))).toBe(FIRST_RELAY);
  }, 120_000);

  it('with a plain script tag, and its integrity', async () => {
    const script = await readFile(join(staged, 'dist', 'client-iife.js'), 'utf8');
    const page = (integrity: string): string => `<!doctype html><title>waiting</title>
      <script src="/client-iife.js" integrity="${integrity}"></script>
      <script>
        globalThis.relaySwarm === undefined
          ? (document.title = 'not loaded')
          : relaySwarm.Roster.load([]).catch(({ code }) => (document.title = code));
      </script>`;
    const files = (integrity: string): Record<string, string> => ({
      '/': page(integrity),
      '/client-iife.js': script,
    });
    expect(await titleOf(files(integrityOf(script)))).toBe(FIRST_RELAY);
    expect(await titleOf(files(integrityOf('another')))).toBe('not loaded');
  }, 60_000);
});
