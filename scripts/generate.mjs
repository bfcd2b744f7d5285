// npm run generate: writes .env.example, the services' settings in docker-compose.yml and docs/settings.md anew, from the compiled
// services' own settings, docs/refusals.md from the catalogue, and the integrity of /client.js in packages/client/README.md. --check changes nothing and ends with exit code 1 where a file is not what it should be.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { compile, fail, root } from './lib/prepare.mjs';
import { buildClient, withIntegrity } from '../packages/client/build.mjs';
import { composeFile, exampleFile, settingsPage } from './lib/settings-files.mjs';

/** What docker-compose.yml calls them, and where each is. */
const FOLDERS = { tracker: 'tracker', peerjs: 'peerjs', stun: 'stun', gun: 'gun', seeder: 'packages/seeder' };
compile(Object.values(FOLDERS));

const isSetting = (/** @type {any} */ value) => typeof value?.name === 'string' && 'rule' in value;
async function settingsOf(/** @type {string} */ file) {
  const module = await import(pathToFileURL(`${root}${file}`).href);
  return Object.values(module).flatMap((spec) => Object.values(spec ?? {}).filter(isSetting));
}

const common = await settingsOf('packages/kit/dist/service.js');
/** @type {import('./lib/settings-files.mjs').SettingsOfServices} */
const services = {};
for (const [name, folder] of Object.entries(FOLDERS))
  services[name] = [...common, ...(await settingsOf(`${folder}/dist/settings.js`))];

const read = (/** @type {string} */ file) => readFileSync(`${root}${file}`, 'utf8');
const local = composeFile(read('docker-compose.yml'), services);
const page = settingsPage(services, { local, deploy: read('docker-compose.deploy.yml') });
const { refusalsPage } = await import(pathToFileURL(`${root}packages/protocol/dist/refusals.js`).href);
const markdown = async (/** @type {string} */ file, /** @type {string} */ text) =>
  format(text, { ...(await resolveConfig(`${root}${file}`)), parser: 'markdown' });
const files = {
  '.env.example': exampleFile(services),
  'docker-compose.yml': local,
  'docs/settings.md': await markdown('docs/settings.md', page),
  'packages/client/README.md': withIntegrity(read('packages/client/README.md'), await buildClient()),
  'docs/refusals.md': await markdown('docs/refusals.md', refusalsPage()),
};
const changed = Object.entries(files).filter(([file, text]) => {
  try {
    return read(file) !== text;
  } catch {
    return true; // not there yet
  }
});
if (process.argv.includes('--check')) {
  const names = changed.map(([file]) => file);
  if (names.length > 0) fail(`Not what the settings say: ${names.join(', ')}. Run: npm run generate`);
} else {
  for (const [file, text] of changed) {
    writeFileSync(`${root}${file}`, text);
    console.log(`written: ${file}`);
  }
}
