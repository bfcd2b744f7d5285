// The servers that are compared: how each is started, and how clients have to send to it.
import { spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodePath } from '../../bench/process.mjs';

export const SECRET = randomBytes(32).toString('hex');
export const REALM = 'bench';
const RELAY_PORT_MIN = 20_000;
const RELAY_PORT_MAX = 22_999;
/** The longest name and password that node-turn as published can be given. */
const username = `${Math.floor(Date.now() / 1000) + 3_600}:bench`;
export const USER = { username, password: createHmac('sha1', SECRET).update(username).digest('base64') };

const here = import.meta.dirname;

/** The limits that protect an open relay would refuse a hundred clients of one address, and such talkative ones. */
const ours = (engine, port, workers = 1) => ({
  command: nodePath,
  args: ['--enable-source-maps', join(here, '..', 'dist', 'main.js')],
  env: {
    LOG_LEVEL: 'warn',
    STUN_ENGINE: engine,
    STUN_WORKERS: String(workers),
    STUN_PORT: String(port),
    STUN_TLS_PORT: String(port + 1),
    STUN_HTTP_PORT: String(port + 2),
    STUN_LISTEN_ADDRESSES: '127.0.0.1',
    PUBLIC_IP: '127.0.0.1',
    STUN_REALM: REALM,
    STUN_SECRET: SECRET,
    STUN_ALLOWED_PEERS: '127.0.0.0/8',
    STUN_RELAY_PORT_MIN: String(RELAY_PORT_MIN),
    STUN_RELAY_PORT_MAX: String(RELAY_PORT_MAX),
    STUN_ALLOCATIONS_PER_USER_MAX: '2000',
    STUN_ALLOCATIONS_PER_ADDRESS_MAX: '2000',
    STUN_UNAUTHENTICATED_PER_SECOND_MAX: '100000',
    STUN_CONTROL_PER_SECOND_PER_USER_MAX: '100000',
    STUN_CONTROL_PER_SECOND_PER_ADDRESS_MAX: '100000',
    STUN_BYTES_PER_SECOND_PER_ALLOCATION_MAX: '0',
    STUN_BYTES_PER_SECOND_PER_USER_MAX: '0',
  },
});

const published = (port) => ({
  command: process.execPath,
  args: [join(here, 'node-turn-as-published.mjs')],
  env: {
    BENCH_PORT: String(port),
    BENCH_REALM: REALM,
    BENCH_USERNAME: USER.username,
    BENCH_PASSWORD: USER.password,
    BENCH_RELAY_PORT_MIN: String(RELAY_PORT_MIN),
    BENCH_RELAY_PORT_MAX: String(RELAY_PORT_MAX),
  },
});

const coturn = (port) => ({
  command: 'turnserver',
  args: [
    ...['-n', '--no-cli', '--no-tls', '--no-dtls', '--no-tcp', '--no-tcp-relay', '--no-software-attribute'],
    ...['--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '-p', String(port)],
    ...['--min-port', String(RELAY_PORT_MIN), '--max-port', String(RELAY_PORT_MAX), '--allow-loopback-peers'],
    ...[
      '--use-auth-secret',
      '--static-auth-secret',
      SECRET,
      '-r',
      REALM,
      '--no-stdout-log',
      '--log-file',
      '/dev/null',
    ],
    ...['--pidfile', 'pid', '--userdb', 'users'],
  ],
  env: {},
});

const forwarder = (port) => ({
  command: nodePath,
  args: [join(here, 'forwarder.mjs')],
  env: { BENCH_PORT: String(port) },
});

/** Where there is a C compiler. */
function forwarderInC() {
  const program = join(mkdtempSync(join(tmpdir(), 'stun-bench-')), 'forwarder');
  const { status } = spawnSync('cc', ['-O2', '-o', program, join(here, 'forwarder.c')], { stdio: 'inherit' });
  if (status !== 0) return [];
  const server = (port) => ({ command: program, args: [], env: { BENCH_PORT: String(port) } });
  return [{ ...plainForwarder, name: 'forwarder in C', server }];
}

const plainForwarder = { way: 'no TURN at all', bindsChannel: false, sendsOnChannel: true, isPlain: true };
const channels = { bindsChannel: true, sendsOnChannel: true, isPlain: false };
const indications = { bindsChannel: false, sendsOnChannel: false, isPlain: false };

/** `way`: channels both ways (as browsers do), or indications, the only way to a peer that node-turn as published has. */
export const withWorkers = (workers) => ({
  name: workers === 1 ? 'one process' : `${workers} workers`,
  way: 'channels',
  server: (port) => ours('native', port, workers),
  ...channels,
});

/** The table of `run.mjs --workers`. */
export const TABLE = () => [
  { ...plainForwarder, name: 'forwarder', server: forwarder },
  { name: 'native', way: 'channels', server: (port) => ours('native', port), ...channels },
  { name: 'coturn', way: 'channels', server: coturn, ...channels },
];

export const RIVALS = [
  ...forwarderInC(),
  { ...plainForwarder, name: 'forwarder', server: forwarder },
  { name: 'native', way: 'channels', server: (port) => ours('native', port), ...channels },
  {
    name: 'node-turn behind our guard',
    way: 'channels',
    server: (port) => ours('node-turn', port),
    ...channels,
  },
  { name: 'coturn', way: 'channels', server: coturn, ...channels },
  { name: 'native', way: 'indications', server: (port) => ours('native', port), ...indications },
  { name: 'node-turn as published', way: 'indications', server: published, ...indications },
  {
    name: 'node-turn as published',
    way: 'channel back',
    server: published,
    bindsChannel: true,
    sendsOnChannel: false,
    isPlain: false,
  },
  { name: 'coturn', way: 'indications', server: coturn, ...indications },
];
