// Puts back into package-lock.json what `npm install` leaves out where packages are installed already: the optional packages of other
// platforms, and their checksums (npm issue 4828). Without the packages `npm ci` refuses the lock file; without a checksum it takes whatever
// it is given. npm writes them where nothing is installed, so that is where it is asked. Run it after every `npm install`:
//   node scripts/lib/complete-lockfile.mjs
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {{ version?: string, link?: boolean, integrity?: string, optionalDependencies?: Record<string, string> }} Entry */
/** @typedef {{ packages: Record<string, Entry> }} Lock */

/** What the lock file lacks: packages that its own entries ask for, and checksums, each as a sentence.
 * @param {Lock} lock */
export function lockFaults({ packages }) {
  return Object.entries(packages).flatMap(([at, entry]) => [
    ...Object.entries(entry.optionalDependencies ?? {})
      .filter(([name, version]) => /^\d/.test(version) && !isLocked(packages, at, name))
      .map(([name, version]) => `${name}@${version} is missing`),
    ...(at.includes('node_modules/') && !entry.link && !entry.integrity ? [`${at} has no checksum`] : []),
  ]);
}

/** Node's own rule: the package's folder, then every folder above it.
 * @param {Lock['packages']} packages @param {string} at @param {string} name */
function isLocked(packages, at, name) {
  for (let folder = at; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const prefix = folder === '' ? '' : `${folder}/`;
    if (`${prefix}node_modules/${name}` in packages) return true;
    if (!folder.includes('node_modules')) return folder !== '' && `node_modules/${name}` in packages;
  }
}

/** @param {Lock} lock @returns {Lock} */
function completed(lock) {
  const whole = Object.entries(lock.packages).filter(
    ([at, { link, integrity }]) => !at.includes('node_modules/') || link || integrity,
  );
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  try {
    const projects = Object.keys(lock.packages).filter((at) => !at.includes('node_modules'));
    for (const file of [...projects.map((at) => join(at, 'package.json')), '.npmrc'])
      if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
    const file = join(folder, 'package-lock.json');
    writeFileSync(file, JSON.stringify({ ...lock, packages: Object.fromEntries(whole) }));
    const { status } = spawnSync('npm', ['install', '--package-lock-only', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error('npm cannot complete the lock file: see above');
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const faults = lockFaults(lock);
  if (faults.length > 0) writeFileSync(file, `${JSON.stringify(completed(lock), null, 2)}\n`);
  console.log(`package-lock.json: ${faults.length} packages of other platforms completed`);
}
