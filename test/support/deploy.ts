// The deployed form on this machine: a copy of the repository with an .env of its own, the shipped scripts, and Pebble as authority.
// Nothing leaves the machine: the DHT is off, and every name leads here.
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { Pebble } from './pebble.ts';
import { exampleSettings, repositoryFiles, root } from './repository.ts';

export const DOMAIN = 'example.test';
/** Docker compose would replace what follows a dollar sign, if there were no quotes around it. */
export const REALM = 'a realm of $HOME';

/** What the records of the names would say. */
const getent = (address: string): string => `#!/bin/bash
[[ $1 != ahosts* || $2 != *.${DOMAIN} ]] || { [[ $1 == ahostsv6 ]] || echo "${address} STREAM $2"; exit; }
exec /usr/bin/getent "$@"
`;

export interface Outcome {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
  readonly stdout: string;
}

export class DeployedBundle {
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly pebble: Pebble;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(
    folder: string,
    ports: { http: number; https: number },
    pebble: Pebble,
    env: NodeJS.ProcessEnv,
  ) {
    this.folder = folder;
    this.httpPort = ports.http;
    this.httpsPort = ports.https;
    this.pebble = pebble;
    this.#env = env;
  }

  /** Prepares everything; nothing runs yet but Pebble. */
  static async prepare(options: { validitySeconds: number }): Promise<DeployedBundle> {
    // As a clone is with umask 077, in a folder whose name has a blank.
    const folder = mkdtempSync(join(tmpdir(), 'deploy bundle-'));
    for (const file of repositoryFiles()) {
      cpSync(join(root, file), join(folder, file));
      chmodSync(dirname(join(folder, file)), 0o700);
      chmodSync(join(folder, file), statSync(join(root, file)).mode & 0o700);
    }
    const ports = { http: await freePort(), https: await freePort() };
    // Two networks that two runs at the same time do not share.
    const net = (third: number): string => `10.${200 + (process.pid % 50)}.${(process.pid % 100) + third}`;
    const [edge, egress] = [net(0), net(100)];
    const pebble = await Pebble.start({
      folder: join(folder, 'pebble'),
      address: `${egress}.1`,
      httpPort: ports.http,
      validitySeconds: options.validitySeconds,
    });
    const turn = 14_000 + (process.pid % 240) * 25; // below those of the bundle under test
    writeFileSync(
      join(folder, '.env'),
      Object.entries({
        COMPOSE_FILE: 'docker-compose.yml:docker-compose.deploy.yml:docker-compose.test.yml',
        DOMAIN,
        ACME_SERVER: pebble.directory,
        ACME_STAGING_SERVER: pebble.directory,
        EDGE_SUBNET: `${edge}.0/24`,
        EDGE_GATEWAY: `${edge}.1`,
        RELAY_SWARM_VERSION: 'test',
        HEALTH_INTERVAL: '2s',
        FILES_MAX: 8192,
        NGINX_CONNECTIONS_MAX: 4000,
        NGINX_CONNECTIONS_PER_ADDRESS_MAX: 1000,
        NGINX_REQUESTS_PER_SECOND_MAX: 1000,
        TRACKER_CONNECTIONS_PER_ADDRESS_MAX: 1000,
        TRACKER_DHT_ENABLED: false,
        TRACKER_PUBLIC_URL: `wss://tracker.${DOMAIN}:8443`,
        RELAY_PEERJS_URL: `https://peerjs.${DOMAIN}:8443`,
        RELAY_ICE_SERVERS_URL: `https://tracker.${DOMAIN}:8443/ice-servers`,
        PUBLIC_IP: `${edge}.1`,
        PUBLIC_IP_SOURCES: 'none',
        STUN_SECRET: '5e'.repeat(32),
        STUN_REALM: `'${REALM}'`,
        STUN_PORT: turn,
        STUN_TLS_PORT: turn + 1,
        STUN_RELAY_PORT_MIN: turn + 2,
        STUN_RELAY_PORT_MAX: turn + 21,
      })
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    writeFileSync(
      join(folder, 'docker-compose.test.yml'),
      `services:
  nginx:
    ports: !override ['127.0.0.1:${ports.http}:8080', '127.0.0.1:${ports.https}:8443']
    networks: { edge: { aliases: ['tracker.${DOMAIN}', 'peerjs.${DOMAIN}'] } }
  tracker:
    ports: !reset []
    extra_hosts: ['turn.${DOMAIN}:${edge}.1']
  certbot:
    volumes: ['${pebble.caFile}:/ca.pem:ro']
    environment: { REQUESTS_CA_BUNDLE: /ca.pem }
networks:
  egress:
    ipam: { config: [{ subnet: '${egress}.0/24', gateway: '${egress}.1' }] }
`,
    );
    const settings = new Set([...exampleSettings().keys(), 'COMPOSE_FILE', 'COMPOSE_ENV_FILES']);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.has(name)));
    // The machine's DNS does not know our names: getent and curl are told what the records would say.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/getent'), getent(`${edge}.1`), { mode: 0o755 });
    writeFileSync(
      join(folder, 'bin/.curlrc'),
      ['tracker', 'peerjs', 'turn']
        .map((name) => `connect-to = ${name}.${DOMAIN}:80:127.0.0.1:${ports.http}\n`)
        .join(''),
    );
    mkdirSync(join(folder, 'cron.d'));
    env['PATH'] = `${join(folder, 'bin')}:${process.env['PATH']}`;
    env['CURL_HOME'] = join(folder, 'bin');
    env['CRON_FOLDER'] = join(folder, 'cron.d');
    env['COMPOSE_PROJECT_NAME'] = `relay-swarm-test-deploy-${process.pid}`;
    return new DeployedBundle(folder, ports, pebble, env);
  }

  /** Runs a program in the bundle's folder. */
  run(program: string, ...args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        program,
        args,
        { cwd: this.folder, env: this.#env, timeout: 240_000 },
        (error, stdout, stderr) => {
          resolve({
            code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
            output: stdout + stderr,
            stdout,
          });
        },
      );
    });
  }

  script(name: string, ...args: readonly string[]): Promise<Outcome> {
    return this.run(join(this.folder, 'scripts', name), ...args);
  }

  /** Runs docker compose and returns its standard output; throws where it fails. */
  async compose(...args: readonly string[]): Promise<string> {
    const { code, output, stdout } = await this.run('docker', 'compose', ...args);
    if (code !== 0) throw new Error(`Cannot run docker compose ${args.join(' ')}:\n${output}`);
    return stdout;
  }

  /** Serial number and issuer of the certificate that a new handshake gets. */
  servedCertificate(name = `tracker.${DOMAIN}`): Promise<{ serial: string; issuer: string }> {
    return new Promise((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port: this.httpsPort, servername: name, rejectUnauthorized: false },
        () => {
          const { serialNumber, issuer } = socket.getPeerCertificate();
          socket.destroy();
          resolve({ serial: serialNumber, issuer: String(issuer.CN) });
        },
      );
      socket.on('error', reject);
    });
  }

  async remove(): Promise<void> {
    try {
      await this.compose('--profile', 'tools', 'down', '--volumes', '--remove-orphans', '--timeout', '5');
    } finally {
      await this.pebble.stop();
      rmSync(this.folder, { recursive: true });
    }
  }
}
