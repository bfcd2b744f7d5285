// npm start: every service on this machine without Docker. Installs and compiles what is missing, says where things listen,
// stops everything on Ctrl-C.
import { compile, fail, installPackages, requireNode, root } from './lib/prepare.mjs';

const READY_MS_MAX = 60_000;

requireNode();
installPackages();

// What stands on installed packages and compiled code comes after them.
const { addressOf, environment, isHealthy, localSettings, services } = await import('./lib/services.mjs');
const { supervise } = await import('./lib/supervisor.mjs');
compile(services.map(({ name }) => name));

const env = await environment().catch((error) => fail(error.message));
const print = (line) => console.log(line);
let stopping;

const running = services.map((service) => {
  const { name } = service;
  return supervise({
    name,
    file: `${name}/dist/main.js`,
    cwd: root,
    env: { ...process.env, ...localSettings(service, env) },
    print,
    onFailure: (exit) => {
      print(`relay-swarm: ${name} could not start (${exit}), so everything is stopped`);
      void stop(1);
    },
  });
});

function stop(exitCode) {
  return (stopping ??= Promise.all(running.map((service) => service.stop())).then(() => {
    if (exitCode === 0) print('relay-swarm: stopped');
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

const addresses = await Promise.all(services.map((service) => addressOf(service, env)));
const untilMs = Date.now() + READY_MS_MAX;
while (!(await Promise.all(addresses.map(isHealthy))).every(Boolean)) {
  if (Date.now() > untilMs) {
    print(`relay-swarm: not ready after ${READY_MS_MAX / 1000} s, so everything is stopped`);
    await stop(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}
if (!stopping) {
  print('relay-swarm is ready:');
  services.forEach(({ name, say }, i) => print(`  ${name.padEnd(8)} ${say(addresses[i])}`));
  print('Stop with Ctrl-C');
}
