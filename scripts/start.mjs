// npm start: every service on this machine without Docker. Installs and compiles what is missing, says where things listen,
// stops everything on Ctrl-C.
import { existsSync, readFileSync } from 'node:fs';
import { checkEnvLines, settingNames } from './lib/env-lines.mjs';
import { buildPages, compile, fail, installPackages, requireNode, root } from './lib/prepare.mjs';

const READY_MS_MAX = 60_000;
/** How long the other services may take to say their own faults, once one could not start. */
const FAULTS_MS_MAX = 10_000;

requireNode();
checkEnvFile();
installPackages();

// What stands on installed packages and compiled code comes after them.
const { addressOf, environment, isHealthy, localSettings, services } = await import('./lib/services.mjs');
compile(services.map(({ name }) => name));
const { supervise } = await import('./lib/supervisor.mjs');
buildPages();

const env = await environment().catch((error) => fail(error.message));
const print = (line) => console.log(line);
const addresses = await Promise.all(services.map((service) => addressOf(service, env)));
const at = Object.fromEntries(services.map(({ name }, i) => [name, addresses[i]]));
const inUse = (await Promise.all(addresses.map(isHealthy))).indexOf(true);
if (inUse >= 0)
  fail(
    `Cannot start: ${services[inUse].name} answers on http://${addresses[inUse]} already. Stop the relay-swarm that runs there, or set ${services[inUse].port} to a free port`,
  );
let stopping;
/** Why services could not start: the name of each, and the lines that tell it. */
const failures = new Map();

const running = services.map((service) => {
  const { name } = service;
  return supervise({
    name,
    file: `${name}/dist/main.js`,
    cwd: root,
    env: { ...process.env, ...localSettings(service, env, at) },
    print,
    onFailure: (exit, complaints) => {
      failures.set(name, [`${name} could not start (${exit}), so everything is stopped:`, ...complaints]);
      if (failures.size === 1) void stopWhenAllHaveSpoken();
    },
  });
});

/** One service could not start. The others may have wrong settings too, which they say before they listen: so each is awaited
 * until it has ended or answers, and everybody's faults are told at once. */
async function stopWhenAllHaveSpoken() {
  const untilMs = Date.now() + FAULTS_MS_MAX;
  const hasSpoken = async ({ name }, i) => failures.has(name) || (await isHealthy(addresses[i]));
  while (!(await Promise.all(services.map(hasSpoken))).every(Boolean) && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop(1, [...failures.values()].map((lines) => lines.join('\n  ')).join('\nrelay-swarm: '));
}

/** The reason comes last, where it is read: after all that the services say while they stop. */
function stop(exitCode, reason = 'stopped') {
  return (stopping ??= Promise.all(running.map((service) => service.stop())).then(() => {
    print(`relay-swarm: ${reason}`);
    process.exit(exitCode);
  }));
}
// Whoever read along has gone, or a mistake of ours: the services must not be left behind.
process.stdout.on('error', () => void stop(0));
process.on('uncaughtException', (error) => {
  console.error(error);
  void stop(1);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

const untilMs = Date.now() + READY_MS_MAX;
while (failures.size > 0 || !(await Promise.all(addresses.map(isHealthy))).every(Boolean)) {
  if (Date.now() > untilMs) {
    await stop(1, `not ready after ${READY_MS_MAX / 1000} s, so everything is stopped`);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}
if (!stopping) {
  print('relay-swarm is ready:');
  services.forEach(({ name, say }, i) => print(`  ${name.padEnd(8)} ${say(addresses[i])}`));
  print('Stop with Ctrl-C');
}

function checkEnvFile() {
  if (!existsSync(`${root}.env`)) return;
  const read = (name) => readFileSync(`${root}${name}`, 'utf8');
  const { faults, unknown } = checkEnvLines(read('.env'), settingNames(read('.env.example')));
  for (const warning of unknown) console.warn(`relay-swarm: ${warning} .env.example has all names`);
  if (faults.length > 0) fail(faults.join('\n'));
}
