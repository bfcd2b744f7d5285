// One list of settings: what the code reads, what .env.example tells, what compose hands to each container.
import type { Setting } from '../../packages/kit/src/index.ts';
import { join } from 'node:path';
import {
  exampleSettings,
  readRepositoryFile,
  repositoryFiles,
  root,
  SERVICES,
  settingsOf,
} from '../support/repository.ts';

/** The part of docker-compose.yml that belongs to a service. */
function composeBlock(service: string): string {
  return (
    new RegExp(`^  ${service}:\\n((?:    .*\\n|\\n)+)`, 'm').exec(
      readRepositoryFile('docker-compose.yml'),
    )?.[1] ?? ''
  );
}

/** A default as it stands in an .env file. */
function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join(',');
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    return `${String(value.host)}:${String(value.port)}`;
  }
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const settings = new Map<string, Setting<unknown>[]>();
beforeAll(async () => {
  for (const service of SERVICES) settings.set(service, await settingsOf(service));
});

describe('.env.example', () => {
  const example = exampleSettings();

  it.each(SERVICES)('shows every setting of %s with its default', (service) => {
    const wanted = settings.get(service)!.map((one) => `#${one.name}=${written(one.default)}`);
    expect(wanted.filter((line) => !readRepositoryFile('.env.example').split('\n').includes(line))).toEqual(
      [],
    );
  });

  const inCompose = ['docker-compose.yml', 'docker-compose.deploy.yml'].flatMap((file) =>
    [...readRepositoryFile(file).matchAll(/\$\{([A-Z0-9_]+)|^ {6}([A-Z][A-Z0-9_]*):$/gm)].map(
      ([, used, handed]) => used ?? handed!,
    ),
  );
  const inScripts = repositoryFiles(join(root, 'scripts')).flatMap((file) =>
    [...readRepositoryFile(file).matchAll(/\$\(setting ([A-Z0-9_]+)/g)].map(([, name]) => name!),
  );

  it('shows nothing that nobody reads', () => {
    const read = new Set([...settings.values()].flat().map(({ name }) => name));
    read.add('COMPOSE_PROFILES'); // by docker compose itself
    for (const name of [...inCompose, ...inScripts]) read.add(name);
    expect([...example.keys()].filter((name) => !read.has(name))).toEqual([]);
  });

  it('shows every setting that compose and the scripts read', () => {
    expect([...inCompose, ...inScripts].filter((name) => !example.has(name))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  it.each(SERVICES)('hands %s each of its settings, and none of others', (service) => {
    const block = composeBlock(service);
    if (block === '') return; // a service that is not there yet
    const handed = [...block.matchAll(/^ {6}([A-Z][A-Z0-9_]*):/gm)].map(([, name]) => name!);
    const own = settings.get(service)!.map(({ name }) => name);
    expect({
      missing: own.filter((name) => !handed.includes(name)),
      foreign: handed.filter((name) => !own.includes(name)),
    }).toEqual({ missing: [], foreign: [] });
  });
});
