// Takes the pictures of the documentation anew (docs/pictures), from a lab of three relays of its own.
//   npm run pictures -w packages/site     needs Docker, a Chromium, and ffmpeg for a film to play; it takes three minutes
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath } from 'node:process';

const root = join(import.meta.dirname, '../..');
const PREFIX = '10.219.0';
/** What is taken, and what it is called in the documentation. */
const PICTURES = {
  'playing-desk-light': 'watch',
  'status-desk-dark': 'status',
};
/** Numbers for the plots of the last hour. */
const FILL_MS = 60_000;

const of = { RELAY_SWARM_VERSION: 'pictures', LAB_NAME: 'relay-swarm-pictures', LAB_NETWORK: PREFIX };
/** @param {string} command @param {string[]} args */
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: root, env: { ...env, ...of }, stdio: 'inherit' });
const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
try {
  run('docker', 'compose', '--file', 'docker-compose.yml', 'build'); // the code as it is now
  run('scripts/lab', 'up', '3');
  await new Promise((resolve) => setTimeout(resolve, FILL_MS));
  run(execPath, 'packages/site/screenshots.mjs', folder, `http://${PREFIX}.11`, ...Object.keys(PICTURES));
  for (const [taken, name] of Object.entries(PICTURES))
    copyFileSync(join(folder, `${taken}.png`), join(root, `docs/pictures/${name}.png`));
} finally {
  run('scripts/lab', 'down');
  rmSync(folder, { recursive: true });
}
