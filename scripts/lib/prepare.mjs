// Makes a fresh clone runnable: the right Node, the packages, the compiled code. Does nothing that is done already.
// Nothing is imported from outside Node, because nothing may be installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const NODE_MIN = [20, 19];

/** A sentence about what is wrong; the script ends with exit code 1.
 * @param {string} sentence
 * @returns {never} */
export function fail(sentence) {
  console.error(`relay-swarm: ${sentence}`);
  process.exit(1);
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  fail(`Cannot run on Node ${process.versions.node}: version ${NODE_MIN.join('.')} or newer is needed`);
}

/** Installs with `npm ci` where the installed packages are not those of the lock file. */
export function installPackages() {
  if (isInstalled()) return;
  console.log('relay-swarm: installing packages (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'install the packages');
}

/** Whether every package of the lock file is there. Optional ones are for some platforms only, and npm knows best which. */
export function isInstalled(folder = root) {
  const note = `${folder}node_modules/.package-lock.json`; // npm's own, of what it installed last
  if (!existsSync(note)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = read(note);
  return Object.entries(read(`${folder}package-lock.json`)).every(
    ([at, { version, optional }]) =>
      !at.includes('node_modules/') ||
      optional ||
      (installed[at]?.version === version && existsSync(`${folder}${at}/package.json`)),
  );
}

/** Compiles what has changed. */
export function compile(projects) {
  run(
    process.execPath,
    [`${root}node_modules/typescript/bin/tsc`, '-b', ...projects],
    'compile the services',
  );
}

/** Builds the pages into static files. */
export function buildPages() {
  run(process.execPath, [`${root}packages/site/build.mjs`], 'build the pages');
}

/** Runs a program in the repository's folder; its output goes to the user. */
function run(command, args, what) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) fail(`Cannot ${what}: ${error.message}`);
  if (status !== 0) fail(`Cannot ${what}: see above`);
}
