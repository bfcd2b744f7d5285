// One source of settings, the code: what docker compose hands to each container, and what .env.example tells, is made from it.
import { join } from 'node:path';
import { misspeltNames, type Setting } from '../../packages/kit/src/index.ts';
import * as bundle from '../../scripts/lib/bundle-settings.mjs';
import { composeFile, exampleFile } from '../../scripts/lib/settings-files.mjs';
import {
  exampleSettings,
  readRepositoryFile,
  repositoryFiles,
  root,
  SERVICES,
  settingsOf,
} from '../support/repository.ts';

const settings: Record<string, Setting<unknown>[]> = {};
beforeAll(async () => {
  for (const service of SERVICES) settings[service] = await settingsOf(service);
});

// Where this fails: npm run generate
describe('what is made from the settings', () => {
  it('is .env.example, with each setting, what it is for, and its default', () => {
    expect(readRepositoryFile('.env.example')).toBe(exampleFile(settings));
  });

  it('is the environment of each service in docker-compose.yml: all of its settings, and none of others', () => {
    const compose = readRepositoryFile('docker-compose.yml');
    expect(compose).toBe(composeFile(compose, settings));
  });

  it('says of every setting what it is for', () => {
    const all = Object.values(settings).flat();
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ help }) => help.length < 5).map(({ name }) => name)).toEqual([]);
  });
});

describe('docs/settings.md', () => {
  it('says of every setting what a good value is', () => {
    const rows = readRepositoryFile('docs/settings.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.filter(([, , , rule]) => rule === '').map(([, name]) => name)).toEqual([]);
  });
});

describe('nginx/render.sh', () => {
  const script = readRepositoryFile('nginx/render.sh');
  const quoted = (name: string): string => new RegExp(`^${name}='(.*)'$`, 'm').exec(script)![1]!;
  const said = new Map(
    [...script.matchAll(/^setting ([A-Z0-9_]+) .* (?:'([^']*)'|"\$number_rule")$/gm)].map(
      ([, name, rule]) => [name, rule ?? quoted('number_rule')] as const,
    ),
  );

  it('says the rules of the settings as docs/settings.md has them', () => {
    const ours = [...bundle.nginx, ...bundle.server.filter(({ name }) => said.has(name))];
    expect(ours.length).toBeGreaterThan(bundle.nginx.length);
    expect(ours.map(({ name }) => [name, said.get(name)])).toEqual(
      ours.map(({ name, rule }) => [name, rule]),
    );
  });

  it('takes the numbers that it says', () => {
    const [min, max] = /from (\d+) to (\d+)$/.exec(quoted('number_rule'))!.slice(1).map(Number);
    const pattern = new RegExp(`^(${quoted('number')})$`);
    const isTaken = [min! - 1, min!, max!, max! + 1].map((value) => pattern.test(String(value)));
    expect(isTaken).toEqual([false, true, true, false]);
  });
});

describe('.env.example', () => {
  const example = exampleSettings();
  const inCompose = [
    'docker-compose.yml',
    'docker-compose.deploy.yml',
    'docker-compose.behind-proxy.yml',
    'docker-compose.routes.yml',
    'docker-compose.fronts.yml',
    'docker-compose.front.yml',
  ].flatMap((file) =>
    [...readRepositoryFile(file).matchAll(/\$\{([A-Z0-9_]+)|^ {6}([A-Z][A-Z0-9_]*):$/gm)].map(
      ([, used, handed]) => used ?? handed!,
    ),
  );
  const inScripts = repositoryFiles(join(root, 'scripts')).flatMap((file) =>
    [...readRepositoryFile(file).matchAll(/\$\(setting ([A-Z0-9_]+)/g)].map(([, name]) => name!),
  );

  it('has no name that a service takes for a misspelt one of its own', () => {
    const env = Object.fromEntries(example);
    expect(SERVICES.flatMap((service) => misspeltNames(env, settings[service]!))).toEqual([]);
    expect(misspeltNames({ TRACKER_PROT: '1' }, settings['tracker']!)).toEqual([
      { found: 'TRACKER_PROT', meant: 'TRACKER_PORT' },
    ]);
  });

  it('shows nothing that nobody reads', () => {
    const read = new Set(
      Object.values(settings)
        .flat()
        .map(({ name }) => name),
    );
    for (const name of ['COMPOSE_PROFILES', 'COMPOSE_PROJECT_NAME']) read.add(name); // by docker compose itself
    for (const name of [...inCompose, ...inScripts]) read.add(name);
    expect([...example.keys()].filter((name) => !read.has(name))).toEqual([]);
  });

  it('shows every setting that compose and the scripts read', () => {
    expect([...inCompose, ...inScripts].filter((name) => !example.has(name))).toEqual([]);
  });
});
