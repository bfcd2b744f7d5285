// The lab's whole relays in Docker: each is a compose project of its own, and Docker is all that is asked for its state.
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { fail, root } from '../prepare.mjs';
import { dhtNode } from './driver.mjs';

/** Tests have a lab of their own. */
const NETWORK = process.env.LAB_NAME || 'relay-swarm-lab';
const DHT = `${NETWORK}-dht`;
const VERSION = process.env.RELAY_SWARM_VERSION || 'local';
const PREFIX = process.env.LAB_NETWORK || '10.214.0';
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

/** docker compose on one relay. Settings of the operator's own bundle are none of the lab's business. */
function compose(number, hasGun, ...args) {
  const env = {
    COMPOSE_ENV_FILES: '/dev/null',
    COMPOSE_PROFILES: 'gun',
    RELAY_SWARM_VERSION: VERSION,
    LAB_NAME: NETWORK,
    LAB_ADDRESS: addressOf(number),
    LAB_DHT: dhtAddress,
    RELAY_SERVICES: hasGun ? `gun=http://${addressOf(number)}:8765/gun` : '',
  };
  const files = ['--file', 'docker-compose.yml', '--file', 'scripts/lib/lab/relay.yml'];
  return docker(['compose', '--project-name', projectOf(number), ...files, ...args], { env });
}

/** Every relay: its containers, and whether the network reaches it. */
async function relays() {
  const [lines, connected] = await Promise.all([
    docker(['ps', '--all', '--filter', `name=^${NETWORK}-[0-9]+-`, '--format', '{{.Names}} {{.State}}']),
    docker(['network', 'inspect', NETWORK, '--format', '{{range .Containers}}{{.Name}} {{end}}']).catch(
      () => '',
    ),
  ]);
  /** @type {Map<number, Map<string, string>>} */
  const found = new Map();
  for (const line of lines.split('\n').filter(Boolean)) {
    const [, digits, service = '', state = ''] = /-(\d+)-(\w+)-\d+ (\w+)$/.exec(line) ?? [];
    if (digits === undefined) continue;
    const states = found.get(Number(digits)) ?? new Map();
    found.set(Number(digits), states.set(service, state));
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([number, states]) => ({
      number,
      where: addressOf(number),
      services: [...states.keys()].filter((service) => service !== 'host'),
      side: connected.split(' ').includes(hostOf(number)) ? 0 : number,
      state: /** @type {const} */ ({ running: 'up', paused: 'frozen' })[states.get('tracker')] ?? 'stopped',
    }));
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

/** What a relay answers browsers through its nginx. */
async function rosterOf({ number, side }) {
  const text = (side === 0 && (await getDirectly(number))) || (await getInside(number).catch(() => ''));
  try {
    const { relays = [] } = JSON.parse(text);
    return relays.map((relay) => ({ ...relay, number: Number(relay.url.split('.').at(-1)) - 10 }));
  } catch {
    return [];
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
  await compose(1, false, 'build', ...services);
}

function check(words) {
  const unknown = words.find((word) => !SERVICES.includes(word));
  if (unknown !== undefined) fail(`There is no service "${unknown}", only ${SERVICES.join(', ')}`);
}

async function up(count, words, tell) {
  const services = words.length === 0 ? DEFAULT_SERVICES : [...new Set(['nginx', 'tracker', ...words])];
  await build(services);
  const network = ['network', 'create', '--internal', '--subnet', `${PREFIX}.0/24`, NETWORK];
  if (!(await docker(['network', 'ls', '--quiet', '--filter', `name=^${NETWORK}$`]))) await docker(network);
  const hardened = ['--init', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'];
  if (!(await docker(['ps', '--quiet', '--filter', `name=^${DHT}$`]))) {
    await docker(['rm', '--force', DHT]);
    await docker([
      ...['run', '--detach', '--name', DHT, '--network', NETWORK, '--ip', dhtAddress, ...hardened],
      ...[`relay-swarm/tracker:${VERSION}`, 'node', '--input-type=module', '--eval', dhtNode(6881)],
    ]);
  }
  for (let number = 1; number <= count; number++) {
    await compose(number, services.includes('gun'), 'up', '--detach', '--no-build', 'host', ...services);
    tell(`relay ${number}: http://${addressOf(number)}/`);
  }
}

/** Docker's own word on all containers of a relay but the one that holds its address.
 * @type {(word: string) => (relay: import('./driver.mjs').Relay) => Promise<void>} */
const all =
  (word) =>
  async ({ number, services }) =>
    void (await docker([word, ...services.map((service) => containerOf(number, service))]));

async function partition(some) {
  for (const { number, side } of some)
    if (side === 0) await docker(['network', 'disconnect', NETWORK, hostOf(number)]);
}

async function heal(some) {
  for (const { number, side } of some)
    if (side !== 0) await docker(['network', 'connect', '--ip', addressOf(number), NETWORK, hostOf(number)]);
}

async function down() {
  await Promise.all(
    (await relays()).map(({ number }) =>
      compose(number, false, 'down', '--volumes', '--remove-orphans', '--timeout', '1'),
    ),
  );
  await docker(['rm', '--force', DHT]);
  await docker(['network', 'rm', '--force', NETWORK]).catch(() => undefined); // it was not there
}

/** By Docker's own count, over all containers of the lab. */
async function costs() {
  const some = await relays();
  const names = some
    .filter(({ state }) => state === 'up')
    .flatMap(({ number, services }) => services.map((service) => containerOf(number, service)));
  const used = await docker(['stats', '--no-stream', '--format', '{{.MemUsage}}', ...names]);
  const units = { KiB: 1 / 1024, MiB: 1, GiB: 1024 };
  const mb = used
    .split('\n')
    .reduce((sum, line) => sum + parseFloat(line) * (units[/[KMG]iB/.exec(line)?.[0] ?? ''] ?? 0), 0);
  return `${Math.round(mb / some.length)} MB each`;
}

/** @type {import('./driver.mjs').Driver} */
export const containers = {
  check,
  up,
  relays,
  rosterOf,
  start: all('start'),
  stop: all('stop'),
  kill: all('kill'),
  freeze: all('pause'),
  thaw: all('unpause'),
  canPartition: true,
  partition,
  heal,
  down,
  costs,
};
