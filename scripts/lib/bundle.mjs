// The bundle for tests: its own project name and port, so that it never touches one that somebody uses.
import { spawnSync } from 'node:child_process';
import { freePort } from './free-port.mjs';
import { root } from './prepare.mjs';

/** Whether `docker compose` works here. */
export function hasDocker() {
  const answers = (...args) => spawnSync('docker', args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
  return answers('compose', 'version') && answers('info');
}

/** So many that the pages of a whole run have theirs: one that is closed gives nothing back, and its address is held for ten minutes. */
const RELAY_PORTS = 45;

/** Ports for STUN and TURN that two runs at the same time do not share, below those that Linux gives to anybody; the last few are coturn's. */
function turnPorts() {
  const first = 20_000 + (process.pid % 240) * (RELAY_PORTS + 5);
  return {
    STUN_PORT: String(first),
    STUN_RELAY_PORT_MIN: String(first + 1),
    STUN_RELAY_PORT_MAX: String(first + RELAY_PORTS),
    TEST_COTURN_PORT: String(first + RELAY_PORTS + 1),
  };
}

/** The bundle under its own name; `compose(...)` runs docker compose on it and returns the exit code. */
export async function testBundle() {
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: `relay-swarm-test-${process.pid}`,
    COMPOSE_FILE: 'docker-compose.yml',
    // Settings of the person who runs the tests are none of the tests' business.
    COMPOSE_ENV_FILES: '/dev/null',
    HTTP_PORT: String(await freePort()),
    ...turnPorts(),
    HEALTH_INTERVAL: '2s',
    RELAY_SWARM_VERSION: 'test',
  };
  const compose = (...args) =>
    spawnSync('docker', ['compose', ...args], { cwd: root, env, stdio: 'inherit' }).status ?? 1;
  return { env, compose };
}
