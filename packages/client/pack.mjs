// The npm package as it is published: node packages/client/pack.mjs FOLDER puts it there, for `npm publish` or `npm pack`. The workspace's own
// package.json is for the workspace; what users install has no dependencies, no sources, and the types of the protocol beside its own.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { BROWSERS, buildClient, bundle } from './build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const packages = dirname(here.replace(/\/$/, ''));

/** @param {string} folder */
export async function stagePackage(folder) {
  const { name, version, license, description } = JSON.parse(
    await readFile(join(here, 'package.json'), 'utf8'),
  );
  await mkdir(join(folder, 'dist'), { recursive: true });
  const write = async (/** @type {string} */ file, /** @type {string} */ text) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  for (const { name: file, text } of await buildClient()) await write(`dist/${file}`, text);
  await write(
    'dist/index.js',
    await bundle({ format: 'esm', minify: false, target: [...BROWSERS, 'node20'] }),
  );
  for (const [file, text] of declarations()) await write(`dist/types/${file}`, text);
  const published = {
    name,
    version,
    description,
    license,
    keywords: [
      'webtorrent',
      'tracker',
      'webrtc',
      'signaling',
      'fail-over',
      'graffiti',
      'peerjs',
      'trystero',
      'turn',
    ],
    type: 'module',
    sideEffects: false,
    main: './dist/index.js',
    types: './dist/types/client/index.d.ts',
    exports: {
      '.': { types: './dist/types/client/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    unpkg: './dist/client-iife.js',
    jsdelivr: './dist/client-iife.js',
    engines: { node: '>=20' },
    files: ['dist'],
  };
  await write('package.json', `${JSON.stringify(published, null, 2)}\n`);
  await cp(join(here, 'README.md'), join(folder, 'README.md'));
  await cp(join(packages, '..', 'LICENSE'), join(folder, 'LICENSE'));
}

/**
 * The declarations of the library and of what it takes from the protocol, which refer to each other by relative paths.
 * @returns {Map<string, string>} path below dist/types → text
 */
function declarations() {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(here, 'tsconfig.json'),
    {
      composite: false,
      incremental: false,
      declaration: true,
      emitDeclarationOnly: true,
      sourceMap: false,
      noEmit: false,
      paths: { '@relay-swarm/protocol/*': [join(packages, 'protocol', 'src', '*.ts')] }, // the sources, whatever is compiled
      rootDir: packages,
      outDir: '/types',
    },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(String(problem.messageText));
      },
    },
  );
  if (config === undefined) throw new Error('Cannot read the settings of the compiler');
  const program = ts.createProgram([join(here, 'src', 'index.ts')], config.options);
  /** @type {Map<string, string>} */
  const files = new Map();
  program.emit(undefined, (path, text) => {
    // /types/client/src/roster.d.ts → client/roster.d.ts
    files.set(relative('/types', path).replace('/src/', '/'), text);
  });
  return new Map(
    [...files].map(([file, text]) => [
      file,
      text
        .replace(/(from |import\()(['"])@relay-swarm\/protocol\/([\w-]+)\2/g, '$1$2../protocol/$3.js$2')
        .replace(/(from |import\()(['"])(\.\.?\/[\w./-]+)\.ts\2/g, '$1$2$3.js$2'),
    ]),
  );
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  if (argv[2] === undefined)
    throw new Error('Cannot stage the package: say where (node packages/client/pack.mjs FOLDER)');
  await stagePackage(argv[2]);
}
