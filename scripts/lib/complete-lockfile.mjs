// Puts back into package-lock.json what `npm install` leaves out on one platform: the optional packages of the others
// (npm issue 4828). Without them `npm ci` refuses the lock file. Run it after every `npm install`:
//   node scripts/lib/complete-lockfile.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OS = [
  'android',
  'aix',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** Names of optional packages that the lock file's own entries ask for and that it has no entry for, with their versions. */
export function missingOptionals(lock) {
  const missing = new Map();
  for (const [at, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (/^\d/.test(version) && !isInstalled(lock.packages, at, name))
        missing.set(name, { version, dev: entry.dev });
    }
  }
  return missing;
}

/** Node's own rule: the package's folder, then every folder above it. */
function isInstalled(packages, at, name) {
  for (let folder = at; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const prefix = folder === '' ? '' : `${folder}/`;
    if (`${prefix}node_modules/${name}` in packages) return true;
    if (!folder.includes('node_modules')) return folder !== '' && `node_modules/${name}` in packages;
  }
}

/** What the platform packages call themselves in their names; which of them is loaded is decided by os and cpu. */
function platform(name) {
  const words = name.replace(/^.*\//, '').replace('musleabihf', 'musl').split(/[-.]/);
  const cpu = words.find((word) => CPU.includes(word));
  const os = words.find((word) => OS.includes(word));
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(os && { os: [os] }),
    ...(words.includes('musl') && { libc: ['musl'] }),
  };
}

export function complete(lock) {
  const missing = missingOptionals(lock);
  for (const [name, { version, dev }] of missing) {
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(dev && { dev }),
      optional: true,
      ...platform(name),
    };
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  return missing.size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const added = complete(lock);
  if (added > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: ${added} optional packages of other platforms added`);
}
