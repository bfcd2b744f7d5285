// Writes what the settings' own words stand in: .env.example, the services' blocks in docker-compose.yml, docs/settings.md. Pure.
import * as own from './bundle-settings.mjs';

/**
 * A setting as packages/kit has it.
 * @typedef {{ name: string, help: string, rule: string, default: unknown, secret?: boolean }} Setting
 * @typedef {Record<string, readonly Setting[]>} SettingsOfServices
 */

/** The relay swarm's settings are read by the tracker, and are a chapter of their own.
 * @param {Setting} setting */
const isOfRelaySwarm = ({ name }) => /^RELAY_|^TRACKER_DHT_|^IDENTITY_DIR$/.test(name);

/** The chapters: title, settings.
 * @param {SettingsOfServices} services
 * @returns {[string, readonly Setting[]][]} */
function chapters(services) {
  const told = new Set();
  /** Each setting once, where it comes first: several services read LOG_LEVEL and DATA_DIR.
   * @param {readonly Setting[]} settings */
  const fresh = (settings) => settings.filter(({ name }) => !told.has(name) && told.add(name));
  const common = services.tracker.filter(({ name }) => /^LOG_/.test(name));
  const ofTheServer = services.stun.filter(({ name }) => name === 'PUBLIC_IP');
  return [
    ['The bundle', fresh([...own.bundle, ...common])],
    [
      'On a server (docker-compose.deploy.yml); scripts/setup fills in what is needed',
      fresh([...own.server, ...ofTheServer]),
    ],
    [
      'Several machines under one domain (docs/cluster.md); scripts/machines writes these',
      fresh(own.machines),
    ],
    ['Limits of the containers on a server', fresh(own.limits)],
    ['nginx', fresh(own.nginx)],
    ['Tracker', fresh(services.tracker.filter((one) => !isOfRelaySwarm(one)))],
    ['The relay swarm: relays that find each other', fresh(services.tracker.filter(isOfRelaySwarm))],
    ['PeerJS signaling', fresh(services.peerjs)],
    ['STUN and TURN', fresh(services.stun)],
    ['coturn instead of our TURN server (compose profile coturn; stun/README.md)', fresh(own.coturn)],
    ['GunDB relay (compose profile gun; gun/README.md)', fresh([...own.gun, ...services.gun])],
    [
      'Seeder (compose profile seeder; packages/seeder/README.md)',
      fresh([...own.seeder, ...services.seeder]),
    ],
  ];
}

/** A default as it stands in an .env file.
 * @param {any} value
 * @returns {string} */
export function written(value) {
  if (Array.isArray(value)) return value.map(written).join(',');
  if (typeof value === 'object' && value !== null && 'host' in value) return `${value.host}:${value.port}`;
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Words in lines of at most so many characters.
 * @param {string} text
 * @param {number} chars */
function wrapped(text, chars) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.pop()} ${word}`.trim();
    if (line.length <= chars) lines.push(line);
    else lines.push(line.slice(0, -word.length).trim(), word);
  }
  return lines;
}

/** .env.example.
 * @param {SettingsOfServices} services */
export function exampleFile(services) {
  const head = `# Settings of the bundle. Copy this file to .env and change what you need; what stands here are the defaults.
# A wrong value is refused with a sentence, and its service does not start. Values need no quotes. On a server some defaults are higher, and
# limits of one address lower: docs/settings.md has all of them with their bounds. Written by \`npm run generate\`.
`;
  const text = chapters(services).map(([title, settings]) => {
    const rule = '-'.repeat(Math.max(3, 120 - 7 - title.length));
    const lines = settings.flatMap((one) => [
      ...wrapped(one.help, 138).map((line) => `# ${line}`),
      `#${one.name}=${written(one.default)}`,
    ]);
    return `\n# --- ${title} ${rule}\n\n${lines.join('\n')}\n`;
  });
  return head + text.join('');
}

const BLOCK = (/** @type {string} */ service) =>
  new RegExp(`(^  ${service}:\\n(?:    .*\\n|\\n)*?    environment:\\n)((?:      .*\\n)*)`, 'm');
const MARK = '      # Handed on where .env or the shell sets it; written by `npm run generate`:\n';

/** docker-compose.yml with every setting of every service in its block: first what the bundle decides, then all the others.
 * @param {string} compose
 * @param {SettingsOfServices} services */
export function composeFile(compose, services) {
  return Object.entries(services).reduce(
    (text, [service, settings]) =>
      text.replace(BLOCK(service), (_, head, block) => {
        // A name without a value is one of those below.
        const decided = block.split(MARK)[0].replace(/^      [A-Z][A-Z0-9_]*:\n/gm, '');
        const rest = settings.filter(({ name }) => !new RegExp(`^      ${name}:`, 'm').test(decided));
        return `${head}${decided}${MARK}${rest.map(({ name }) => `      ${name}:\n`).join('')}`;
      }),
    compose,
  );
}

/** What a compose file sets a service's setting to, where nobody else does.
 * @param {string} compose
 * @param {string} name */
function composeDefault(compose, name) {
  const value = new RegExp(`^ {6}${name}: (.*)$`, 'm').exec(compose)?.[1];
  return value
    ?.replace(new RegExp(`\\$\\{${name}:-((?:[^{}]|\\$\\{[^{}]*\\})*)\\}`), '$1')
    .replace(/^'(.*)'$/, '$1');
}

/** docs/settings.md.
 * @param {SettingsOfServices} services
 * @param {{ local: string, deploy: string }} compose the two files' text */
export function settingsPage(services, compose) {
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|');
  const code = (/** @type {string} */ text) => (text === '' ? '' : `\`${cell(text)}\``);
  const rows = (/** @type {readonly Setting[]} */ settings) =>
    settings.map((one) => {
      const value = written(one.default);
      const local = composeDefault(compose.local, one.name) ?? value;
      const deployed = composeDefault(compose.deploy, one.name) ?? local;
      const differs = [
        local === value ? [] : [`in Docker ${code(local) || 'empty'}`],
        deployed === local ? [] : [`on a server ${code(deployed) || 'empty'}`],
      ].flat();
      const shown = [code(value), ...differs].filter(Boolean).join('; ');
      return `| \`${one.name}\` | ${shown} | ${cell(one.rule.replace(/^must be /, ''))} | ${cell(one.help)} |`;
    });
  const text = chapters(services).map(
    ([title, settings]) =>
      `\n## ${title}\n\n| setting | default | good values | what for |\n| --- | --- | --- | --- |\n${rows(settings).join('\n')}\n`,
  );
  return `# Settings

Written by \`npm run generate\` from what the code reads. Units stand last in a name. Set them in a file named \`.env\` beside
docker-compose.yml ([.env.example](../.env.example) is one to start from); both ways to run read it. A wrong value is refused with a sentence
that says what was found and what is wanted.
${text.join('')}`;
}
