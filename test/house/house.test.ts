// The rules of the house that a program can hold.
import { httpRefusal, type HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import { lockFaults } from '../../scripts/lib/complete-lockfile.mjs';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** Who may import whom. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  kit: ['protocol'],
  net: ['kit', 'protocol'],
  cluster: ['kit', 'protocol'],
  'relay-swarm': ['kit', 'net', 'protocol'],
  client: ['protocol'],
  mesh: ['protocol', 'client'],
  site: ['client', 'mesh', 'protocol'],
  seeder: ['client', 'protocol', 'kit'],
  gun: ['protocol', 'kit', 'net'],
  tracker: ['protocol', 'kit', 'net', 'cluster', 'relay-swarm'],
  peerjs: ['protocol', 'kit', 'net', 'cluster'],
  stun: ['protocol', 'kit', 'net'],
};
/** What runs in browsers, or anywhere: nothing from Node. */
const NODE_FREE = ['protocol', 'client', 'mesh', 'site'];

/** Lines that a source file may have, and their median; a longer one says why at its top: "Long because …". */
const LINES_MAX = 300;
const LINES_MEDIAN_MAX = 90;

interface Import {
  readonly file: string;
  readonly workspace: string;
  readonly specifier: string;
}

const sources = repositoryFiles().filter((file) => /^(packages\/)?[a-z-]+\/src\/.*\.ts$/.test(file));

function workspaceOf(file: string): string {
  return file.replace('packages/', '').split('/')[0]!;
}

const STATEMENT = /^(?:import|export)\s(type\s)?(?:[^;'"]*\sfrom\s*)?'([^']+)';|\bimport\('([^']+)'\)/gm;
const allImports: (Import & { readonly isOfTypes: boolean })[] = sources.flatMap((file) =>
  [...readRepositoryFile(file).matchAll(STATEMENT)].map((match) => ({
    file,
    workspace: workspaceOf(file),
    specifier: (match[2] ?? match[3])!,
    isOfTypes: match[1] !== undefined,
  })),
);
/** Types alone leave no trace in the compiled code. */
const imports: readonly Import[] = allImports.filter(({ isOfTypes }) => !isOfTypes);

/** What a file's comments claim that it alone imports: "The only importer of `peer`, and of `express`". */
function claimed(text: string): string[] {
  const NAME = '`?([a-z@][\\w@/:.-]*\\w)`?';
  const sentence = new RegExp(`\\bonly importer of\\s+(?:// )?${NAME}(?:, and of ${NAME})?`, 'g');
  return [...text.matchAll(sentence)].flatMap(([, ...names]) => names.filter(Boolean));
}

describe('the house', () => {
  it('has imports to look at', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it('lets dependencies point one way', () => {
    const wrong = imports.filter(({ workspace, specifier }) => {
      const ours = /^@relay-swarm\/([a-z-]+)/.exec(specifier)?.[1];
      return ours !== undefined && ours !== workspace && !ARROWS[workspace]?.includes(ours);
    });
    expect(wrong).toEqual([]);
  });

  it('reaches into another workspace only by its name', () => {
    const wrong = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      const source = file.slice(0, file.indexOf('/src/') + 5);
      return !new URL(specifier, `file:///${file}`).pathname.startsWith(`/${source}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps Node out of what browsers load', () => {
    expect(
      imports.filter(
        ({ workspace, specifier }) => NODE_FREE.includes(workspace) && specifier.startsWith('node:'),
      ),
    ).toEqual([]);
  });

  /** Of a library, of a file of it, or of a module of Node. Types alone tie nobody to it: a claim is about what runs. */
  const importersOf = (of: string, name: string): string[] => [
    ...new Set(
      imports
        .filter(
          ({ workspace, specifier }) =>
            workspace === of && (specifier === name || specifier.startsWith(`${name}/`)),
        )
        .map(({ file }) => file),
    ),
  ];
  it('has one importer for each foreign library of a workspace', () => {
    const several = imports
      .filter(({ specifier }) => !/^(?:[./]|node:|@relay-swarm\/)/.test(specifier))
      .map(({ workspace, specifier }) => ({ workspace, specifier, files: importersOf(workspace, specifier) }))
      .filter(({ files }) => files.length > 1);
    expect(several).toEqual([]);
  });

  it('says "only importer" only where it is true, of libraries and of Node\'s own modules', () => {
    const claims = sources.flatMap((file) =>
      claimed(readRepositoryFile(file)).map((name) => ({
        file,
        name,
        importers: importersOf(workspaceOf(file), name),
      })),
    );
    expect(claims.length).toBeGreaterThan(5);
    expect(claims.map(({ name }) => name)).toEqual(expect.arrayContaining(['node:tls', 'peer', 'express']));
    expect(claims.filter((one) => one.importers.join() !== one.file)).toEqual([]);
  });

  it('reads each name of such a sentence, and sees where it is not true', () => {
    expect(claimed('// The only importer of node:dgram.\n// And more')).toEqual(['node:dgram']);
    expect(claimed('// The only importer of `peer`, and of @b/c that\n// it needs: of d')).toEqual([
      'peer',
      '@b/c',
    ]);
    expect(claimed('// The only importer of\n// commander.')).toEqual(['commander']);
    // Several files of stun use it, so that a claim of any of them would be found out.
    expect(importersOf('stun', 'node:dgram').length).toBeGreaterThan(1);
    expect(importersOf('stun', 'node:nothing')).toEqual([]);
  });

  it('has no circles between files, not even of types', () => {
    const uses = new Map<string, string[]>();
    for (const { file, specifier } of allImports) {
      if (!specifier.startsWith('.')) continue;
      const used = new URL(specifier, `file:///${file}`).pathname.slice(1);
      uses.set(file, [...(uses.get(file) ?? []), used]);
    }
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (path.includes(file) || done.has(file)) return;
      for (const used of uses.get(file) ?? []) walk(used, [...path, file]);
      done.add(file);
    };
    for (const file of uses.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('exports no value that nobody imports', () => {
    const users = new Map<string, number>();
    for (const file of repositoryFiles().filter((name) => /\.(ts|mjs|js)$/.test(name)))
      for (const word of new Set(readRepositoryFile(file).match(/[\w$]+/g)))
        users.set(word, (users.get(word) ?? 0) + 1);
    const EXPORT = /^export (?:async )?(?:abstract )?(?:function\*?|class|const|let) ([\w$]+)/gm;
    const exported = sources.flatMap((file) =>
      [...readRepositoryFile(file).matchAll(EXPORT)].map(([, name]) => ({ file, name: name! })),
    );
    expect(exported.length).toBeGreaterThan(500);
    expect(exported.filter(({ name }) => users.get(name) === 1)).toEqual([]);
  });

  it('keeps source files short, or says why one is long', () => {
    const lines = new Map(
      sources.map((file) => [file, readRepositoryFile(file).split('\n').length - 1] as const),
    );
    const long = [...lines].filter(
      ([file, count]) =>
        count > LINES_MAX && !/^(?:\/\/.*\n)*\/\/.*\bLong because /i.test(readRepositoryFile(file)),
    );
    expect(long).toEqual([]);
    const counts = [...lines.values()].sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(LINES_MEDIAN_MAX);
  });

  it('has every file that docs/architecture.md names', () => {
    const named = [...readRepositoryFile('docs/architecture.md').matchAll(/`((?:[a-z.-]+\/)+[\w.-]+)`/g)].map(
      ([, path]) => path!,
    );
    const ours = named.filter((path) =>
      /^(packages|tracker|peerjs|stun|gun|nginx|scripts|test|metrics)\//.test(path),
    );
    expect(ours.length).toBeGreaterThan(20);
    const files = repositoryFiles();
    expect(
      ours.filter((path) => !files.some((file) => file === path || file.startsWith(`${path}/`))),
    ).toEqual([]);
  });

  it('lets nginx refuse as the services do: code, status, time to wait and sentence of the catalogue', () => {
    const said = [
      ...readRepositoryFile('nginx/templates/errors.conf').matchAll(
        /Retry-After (\d+) always;[^}]*?return (\d{3}) '(\{.*\})\\n'/g,
      ),
    ];
    expect(said).toHaveLength(2);
    for (const [, seconds, status, json] of said) {
      const body = JSON.parse(json!) as { error: HttpRefusalCode };
      expect({ status: Number(status), body, headers: { 'retry-after': seconds } }).toEqual(
        httpRefusal(body.error),
      );
    }
  });

  it('ends no connection with a code and sentence of its own, but a goodbye (1000)', () => {
    const sources = repositoryFiles().filter((file) =>
      /^(packages\/(net|kit|cluster|relay-swarm)|tracker|peerjs|stun|gun)\/src\/.*\.ts$/.test(file),
    );
    expect(sources.length).toBeGreaterThan(100);
    const own = /\b(close|end)\(\s*(1(?!000)\d{3}|[A-Z][A-Z_]+),\s*['"`]/;
    expect(sources.filter((file) => own.test(readRepositoryFile(file)))).toEqual([]);
  });

  it('names no machine path and no registry host', () => {
    // Split, so that this file does not name them either.
    const forbidden = new RegExp(
      ['/work/' + '(main|shared)', '/home/' + '[a-z]', 'registry' + '\\.(npmjs|yarnpkg)'].join('|'),
    );
    const text = repositoryFiles().filter((file) => !/\.(png|ico|jpg|mp4|webm|hex|bin)$/.test(file));
    expect(text.filter((file) => forbidden.test(readRepositoryFile(file)))).toEqual([]);
  });

  it('has a lock file that npm ci accepts on every platform, with a checksum for each package', () => {
    const lock = JSON.parse(readRepositoryFile('package-lock.json')) as Parameters<typeof lockFaults>[0];
    // Mended by: node scripts/lib/complete-lockfile.mjs
    expect(lockFaults(lock)).toEqual([]);
  });
});
