// The rules of the house that a program can hold.
import { missingOptionals } from '../../scripts/lib/complete-lockfile.mjs';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** Who may import whom (DESIGN §2). */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  kit: ['protocol'],
  net: ['kit', 'protocol'],
  'relay-swarm': ['kit', 'net', 'protocol'],
  client: ['protocol'],
  mesh: ['protocol', 'client'],
  site: ['client', 'mesh', 'protocol'],
  seeder: ['client', 'protocol', 'kit'],
  gun: ['protocol', 'kit', 'net'],
  tracker: ['protocol', 'kit', 'net', 'relay-swarm'],
  peerjs: ['protocol', 'kit', 'net'],
  stun: ['protocol', 'kit', 'net'],
};
/** What runs in browsers, or anywhere: nothing from Node. */
const NODE_FREE = ['protocol', 'client', 'mesh', 'site'];

/** Libraries with more than one importer in a workspace, and why. */
const SHARED: Readonly<Record<string, string>> = {
  'tracker: ws': 'clients are served in one place, other relays are dialled and answered in another',
};

interface Import {
  readonly file: string;
  readonly workspace: string;
  readonly specifier: string;
}

const sources = repositoryFiles().filter((file) => /^(packages\/)?[a-z-]+\/src\/.*\.ts$/.test(file));

// Types alone leave no trace in the compiled code.
const STATEMENT = /^(?:import|export)\s(?!type\s)(?:[^;'"]*\sfrom\s*)?'([^']+)';|\bimport\('([^']+)'\)/gm;
const imports: Import[] = sources.flatMap((file) =>
  [...readRepositoryFile(file).matchAll(STATEMENT)].map((match) => ({
    file,
    workspace: file.replace('packages/', '').split('/')[0]!,
    specifier: (match[1] ?? match[2])!,
  })),
);

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

  it('has one importer for each foreign library of a workspace', () => {
    const importers = new Map<string, Set<string>>();
    for (const { file, workspace, specifier } of imports) {
      if (/^[./]|^node:|^@relay-swarm\//.test(specifier)) continue;
      const key = `${workspace}: ${specifier}`;
      importers.set(key, (importers.get(key) ?? new Set()).add(file));
    }
    const several = [...importers]
      .filter(([key, files]) => files.size > 1 && !(key in SHARED))
      .map(([key, files]) => [key, [...files]]);
    expect(several).toEqual([]);
  });

  it('names no machine path and no registry host', () => {
    // Split, so that this file does not name them either.
    const forbidden = new RegExp(
      ['/work/' + '(main|shared)', '/home/' + '[a-z]', 'registry' + '\\.(npmjs|yarnpkg)'].join('|'),
    );
    const text = repositoryFiles().filter((file) => !/\.(png|ico|jpg|mp4|webm|hex|bin)$/.test(file));
    expect(text.filter((file) => forbidden.test(readRepositoryFile(file)))).toEqual([]);
  });

  it('has a lock file that npm ci accepts on every platform', () => {
    const lock = JSON.parse(readRepositoryFile('package-lock.json')) as object;
    // Mended by: node scripts/lib/complete-lockfile.mjs
    expect([...missingOptionals(lock).keys()]).toEqual([]);
  });
});
