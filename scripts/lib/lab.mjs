// The lab behind scripts/lab: each relay is a compose project of its own, and Docker is all that is asked for its state.
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, root } from './prepare.mjs';

/** Tests have a lab of their own. */
const NETWORK = process.env.LAB_NAME || 'relay-swarm-lab';
const DHT = `${NETWORK}-dht`;
const VERSION = process.env.RELAY_SWARM_VERSION || 'local';
const PREFIX = process.env.LAB_NETWORK || '10.214.0';
const RELAYS_MAX = 100;
const SERVICES = ['nginx', 'tracker', 'peerjs', 'stun', 'gun'];
const DEFAULT_SERVICES = ['nginx', 'tracker', 'peerjs', 'stun'];
const DOCKER_MS_MAX = 600_000;
const ROSTER_MS_MAX = 2_000;

const addressOf = (number) => `${PREFIX}.${10 + number}`;
const dhtAddress = `${PREFIX}.2`;
const projectOf = (number) => `${NETWORK}-${number}`;
const hostOf = (number) => `${projectOf(number)}-host-1`;
const containerOf = (number, service) => `${projectOf(number)}-${service}-1`;

/** Runs docker and resolves to what it printed; rejects with what it complained of.
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, input?: string }} [options]
 * @returns {Promise<string>} */
function docker(args, { env, input = '' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      cwd: root,
      env: { ...process.env, ...env },
      timeout: DOCKER_MS_MAX,
    });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (part) => (output += part));
    child.stderr.on('data', (part) => (complaint += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(output.trim())
        : reject(new Error(`docker ${args.join(' ')}: ${complaint.trim()}`)),
    );
    child.stdin.on('error', () => undefined).end(input);
  });
}

let hasGun = false;

/** docker compose on one relay. Settings of the operator's own bundle are none of the lab's business. */
function compose(number, ...args) {
  const env = {
    COMPOSE_ENV_FILES: '/dev/null',
    COMPOSE_PROFILES: 'gun',
    RELAY_SWARM_VERSION: VERSION,
    LAB_NAME: NETWORK,
    LAB_ADDRESS: addressOf(number),
    LAB_DHT: dhtAddress,
    RELAY_SERVICES: hasGun ? `gun=http://${addressOf(number)}:8765/gun` : '',
  };
  const files = ['--file', 'docker-compose.yml', '--file', 'scripts/lib/lab.yml'];
  return docker(['compose', '--project-name', projectOf(number), ...files, ...args], { env });
}

/** Every relay: its number, its containers, and whether the network reaches it. */
async function relays() {
  const [lines, connected] = await Promise.all([
    docker(['ps', '--all', '--filter', `name=^${NETWORK}-[0-9]+-`, '--format', '{{.Names}} {{.State}}']),
    docker(['network', 'inspect', NETWORK, '--format', '{{range .Containers}}{{.Name}} {{end}}']).catch(
      () => '',
    ),
  ]);
  const found = new Map();
  for (const line of lines.split('\n').filter(Boolean)) {
    const [, digits, service, state] = /-(\d+)-(\w+)-\d+ (\w+)$/.exec(line) ?? [];
    const number = Number(digits);
    if (service === undefined) continue;
    if (!found.has(number)) found.set(number, { number, states: new Map() });
    found.get(number).states.set(service, state);
  }
  return [...found.values()]
    .sort((a, b) => a.number - b.number)
    .map(({ number, states }) => ({
      number,
      services: [...states.keys()].filter((service) => service !== 'host'),
      isConnected: connected.split(' ').includes(hostOf(number)),
      state: states.get('tracker') ?? 'missing',
    }));
}

async function relay(word) {
  const found = (await relays()).find(({ number }) => number === Number(word));
  return found ?? fail(`There is no relay ${word ?? ''} in the lab: "scripts/lab rosters" lists them`);
}

/** What a relay answers browsers through its nginx; [] where it does not answer, or answers that it has no roster yet. */
async function rosterOf({ number, isConnected }) {
  const text = (isConnected && (await getDirectly(number))) || (await getInside(number).catch(() => ''));
  try {
    return JSON.parse(text).relays ?? [];
  } catch {
    return [];
  }
}

/** Linux leads straight to the containers; with Docker in a virtual machine this does not answer. */
const getDirectly = (number) =>
  new Promise((resolve) => {
    const request = get(
      `http://${addressOf(number)}/relays.json`,
      { timeout: ROSTER_MS_MAX, agent: false },
      (response) => {
        let body = '';
        response.on('data', (part) => (body += part)).on('end', () => resolve(body));
      },
    );
    request.on('timeout', () => request.destroy()).on('error', () => resolve(''));
  });

const getInside = (number) =>
  docker([
    ...['exec', containerOf(number, 'nginx'), 'bash', '-c'],
    `exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET /relays.json HTTP/1.0\\r\\n\\r\\n' >&3; sed '1,/^\\r$/d' <&3`,
  ]);

const numberOf = ({ url }) => Number(url.split('.').at(-1)) - 10;

/** Whether each running relay lists those that it can reach, and nobody else. */
async function isSettled() {
  const running = (await relays()).filter(({ state }) => state === 'running');
  const together = running.filter(({ isConnected }) => isConnected).map(({ number }) => number);
  const rosters = await Promise.all(running.map(rosterOf));
  return running.every(({ number, isConnected }, i) => {
    const wanted = isConnected ? together : [number];
    const found = rosters[i].map(numberOf).sort((a, b) => a - b);
    return wanted.join() === found.join();
  });
}

async function wait(secondsMax) {
  const startedAtMs = performance.now();
  for (;;) {
    const isDone = await isSettled();
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (isDone)
      return console.log(
        `every relay lists all that it can reach and nobody else, after ${seconds.toFixed(1)} s`,
      );
    if (seconds > secondsMax) {
      await rosters();
      fail(`The rosters are not complete after ${secondsMax} s`);
    }
    await sleep(250);
  }
}

async function build(services) {
  const images = services.map((service) => `relay-swarm/${service}:${VERSION}`);
  const isThere = await docker(['image', 'inspect', ...images]).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  console.log('building the images');
  await compose(1, 'build', ...services);
}

async function up(count, services) {
  hasGun = services.includes('gun');
  await build(services);
  const network = ['network', 'create', '--internal', '--subnet', `${PREFIX}.0/24`, NETWORK];
  if (!(await docker(['network', 'ls', '--quiet', '--filter', `name=^${NETWORK}$`]))) await docker(network);
  // The DHT's first node: relays come and go, and a newcomer must always find somebody
  const node = `import { Client } from 'bittorrent-dht'; new Client({ bootstrap: false }).listen(6881);`;
  const hardened = ['--init', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'];
  if (!(await docker(['ps', '--quiet', '--filter', `name=^${DHT}$`]))) {
    await docker(['rm', '--force', DHT]);
    await docker([
      ...['run', '--detach', '--name', DHT, '--network', NETWORK, '--ip', dhtAddress, ...hardened],
      ...[`relay-swarm/tracker:${VERSION}`, 'node', '--input-type=module', '--eval', node],
    ]);
  }
  for (let number = 1; number <= count; number++) {
    await compose(number, 'up', '--detach', '--no-build', 'host', ...services);
    console.log(`relay ${number}: http://${addressOf(number)}/`);
  }
  await wait(60);
}

async function rosters() {
  for (const one of await relays()) {
    const { number, state, isConnected } = one;
    const words =
      state === 'paused' ? 'frozen' : state === 'running' ? (isConnected ? 'up' : 'cut off') : 'stopped';
    console.log(`relay ${number}  ${addressOf(number)}  ${words}`);
    if (state !== 'running') continue;
    for (const listed of await rosterOf(one)) {
      const { state: health, load, ageSeconds } = listed;
      console.log(`    lists ${numberOf(listed)}  ${health}, load ${load}, told ${ageSeconds} s ago`);
    }
  }
}

/** Docker's own word on all containers of a relay but the one that holds its address. */
async function all(word, ...args) {
  const { number, services } = await relay(word);
  return docker([...args, ...services.map((service) => containerOf(number, service))]);
}

async function partition(word) {
  const { number, isConnected } = await relay(word);
  if (isConnected) await docker(['network', 'disconnect', NETWORK, hostOf(number)]);
}

async function heal(word) {
  const { number, isConnected } = await relay(word);
  if (!isConnected) await docker(['network', 'connect', '--ip', addressOf(number), NETWORK, hostOf(number)]);
}

async function down() {
  const running = await relays();
  await Promise.all(
    running.map(({ number }) => compose(number, 'down', '--volumes', '--remove-orphans', '--timeout', '1')),
  );
  await docker(['rm', '--force', DHT]);
  await docker(['network', 'rm', '--force', NETWORK]).catch(() => undefined); // it was not there
}

function count(word, otherwise, most, what) {
  if (word === undefined) return otherwise;
  const number = Number(word);
  return Number.isInteger(number) && number >= 1 && number <= most
    ? number
    : fail(`${what} must be a whole number from 1 to ${most}, not "${word}"`);
}

function servicesOf(words) {
  const unknown = words.find((word) => !SERVICES.includes(word));
  if (unknown !== undefined) fail(`There is no service "${unknown}", only ${SERVICES.join(', ')}`);
  return words.length === 0 ? DEFAULT_SERVICES : [...new Set(['nginx', 'tracker', ...words])];
}

const [command, ...words] = process.argv.slice(2);
const commands = {
  up: () => up(count(words[0], 3, RELAYS_MAX, 'The number of relays'), servicesOf(words.slice(1))),
  rosters,
  wait: () => wait(count(words[0], 60, 3_600, 'The number of seconds')),
  stop: () => all(words[0], 'stop'),
  kill: () => all(words[0], 'kill'),
  start: () => all(words[0], 'start'),
  freeze: () => all(words[0], 'pause'),
  thaw: () => all(words[0], 'unpause'),
  partition: () => partition(words[0]),
  heal: () => heal(words[0]),
  down,
};
await commands[command]().catch((error) => fail(error.message));
