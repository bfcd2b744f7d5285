// The repository's own files, for tests that hold the house rules.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Setting } from '../../packages/kit/src/index.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What docker-compose.yml calls them, and where each is. */
const FOLDERS = {
  tracker: 'tracker',
  peerjs: 'peerjs',
  stun: 'stun',
  gun: 'gun',
  seeder: 'packages/seeder',
} as const;
export type Service = keyof typeof FOLDERS;
export const SERVICES = Object.keys(FOLDERS) as Service[];

const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'data', 'coverage']);

/** Every file that belongs to the repository, relative to its root. */
export function repositoryFiles(folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name) || entry.name.endsWith('.tsbuildinfo') || entry.name === '.env') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? repositoryFiles(path) : [relative(root, path)];
  });
}

export function readRepositoryFile(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The settings that a service reads: those that its settings.ts names, and those that every service has. */
export async function settingsOf(service: Service): Promise<Setting<unknown>[]> {
  const { logSettings } = await import('../../packages/kit/src/service.ts');
  const own = (await import(join(root, FOLDERS[service], 'src', 'settings.ts'))) as object;
  return [logSettings, ...Object.values(own)]
    .filter((value): value is object => typeof value === 'object' && value !== null)
    .flatMap((spec): unknown[] => Object.values(spec))
    .filter(isSetting);
}

function isSetting(value: unknown): value is Setting<unknown> {
  return (
    typeof value === 'object' && value !== null && 'parse' in value && 'rule' in value && 'name' in value
  );
}

/** The lines of .env.example: each setting with the value that is shown for it. */
export function exampleSettings(): Map<string, string> {
  return new Map(
    [...readRepositoryFile('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
      ([, name, value]) => [name!, value!],
    ),
  );
}
