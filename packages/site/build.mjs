// Builds the pages into static files: node packages/site/build.mjs [FOLDER]. A page NAME is pages/NAME.html (what stands in <main>; its facts
// in a comment on top) and, where it has a script, src/pages/NAME.ts. Needs nothing compiled first: our packages are taken as they stand.
import { build, stop } from 'esbuild';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { BROWSERS, buildClient } from '../client/build.mjs';
import { renderPage } from './layout.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
export const built = join(here, 'dist', 'www');

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: [...BROWSERS],
  conditions: ['relay-swarm-source'],
  legalComments: 'none',
  logLevel: 'warning',
};

/** What pages of others load too has a name that stays: a module each, and a service worker, which no browser takes as a module everywhere. */
const PUBLIC = /** @type {const} */ ([
  { entry: 'src/entries/swarm-video.ts', out: 'swarm-video.js', format: 'esm' },
  { entry: 'src/stream/worker.ts', out: 'sw.js', format: 'iife' },
]);

/** Everything into `to`, which is replaced as a whole once everything is there. */
export async function buildSite(to = built) {
  const fresh = `${to}.${process.pid}.tmp`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const startedAt = new Date();
  // The library for pages of others, byte for byte as its package has it: /client.js and /client-iife.js.
  for (const { name, text } of await buildClient()) await writeFile(join(fresh, name), text);
  const names = (await readdir(join(here, 'pages'))).map((file) => basename(file, '.html'));
  const scriptOf = (name) => `src/pages/${name}.ts`;
  const [{ metafile }] = await Promise.all([
    build({
      ...common,
      entryPoints: [
        'style/site.css',
        ...names.map(scriptOf).filter((script) => existsSync(join(here, script))),
      ],
      outdir: join(fresh, 'assets'),
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      format: 'esm',
      splitting: true,
      metafile: true,
    }),
    ...PUBLIC.map(({ entry, out, format }) =>
      build({ ...common, entryPoints: [entry], outfile: join(fresh, out), format }),
    ),
    cp(join(here, 'static'), fresh, { recursive: true }),
  ]);
  const url = (file) => `/assets/${basename(file)}`;
  const outputs = Object.entries(/** @type {import('esbuild').Metafile} */ (metafile).outputs);
  const assetOf = (entry) => {
    const found = outputs.find(([, { entryPoint }]) => entryPoint === entry);
    if (found === undefined) return undefined;
    const [file, { imports }] = found;
    const statics = imports.filter(({ kind }) => kind === 'import-statement');
    return { url: url(file), preloads: statics.map(({ path }) => url(path)) };
  };
  const style = /** @type {{ url: string }} */ (assetOf('style/site.css')).url;
  for (const name of names) {
    const source = await readFile(join(here, 'pages', `${name}.html`), 'utf8');
    const html = renderPage({ name, source, names, style, script: assetOf(scriptOf(name)) });
    await writeFile(join(fresh, `${name}.html`), html);
  }
  await compressFolder(fresh);
  await rm(to, { recursive: true, force: true });
  await rename(fresh, to);
  await utimes(to, startedAt, startedAt); // what changed while it was built is newer
  await stop(); // its helper process would keep whoever builds from ending
}

/** Beside each text its compressed forms, so that no server compresses while it serves. */
async function compressFolder(folder) {
  const files = await readdir(folder, { recursive: true });
  const texts = files.filter((file) => /\.(html|js|css|svg|json|webmanifest)$/.test(file));
  await Promise.all(
    texts.map(async (file) => {
      const content = await readFile(join(folder, file));
      const [zipped, brotli] = await Promise.all([
        promisify(gzip)(content, { level: 9 }),
        promisify(brotliCompress)(content),
      ]);
      await Promise.all([
        writeFile(join(folder, `${file}.gz`), zipped),
        writeFile(join(folder, `${file}.br`), brotli),
      ]);
    }),
  );
}

/** The pages in `to`, built where they are not there, or older than anything that they may be made of. */
export async function ensureSite(to = built) {
  if (!(await isCurrent(to))) await buildSite(to);
}

async function isCurrent(to) {
  if (!existsSync(to)) return false;
  const { mtimeMs: builtAtMs } = await stat(to);
  const isOlder = async (path) => {
    const entry = await stat(path);
    if (entry.mtimeMs >= builtAtMs) return false;
    if (!entry.isDirectory()) return true; // a folder is newer once something in it was removed
    const names = (await readdir(path)).filter((name) => !['dist', 'test', 'node_modules'].includes(name));
    return (await Promise.all(names.map((name) => isOlder(join(path, name))))).every(Boolean);
  };
  const packages = join(here, '..');
  return (await Promise.all([packages, join(packages, '..', 'package-lock.json')].map(isOlder))).every(
    Boolean,
  );
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) await ensureSite(argv[2]);
