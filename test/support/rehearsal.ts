// A rehearsal of the deployed bundle (scripts/rehearse), for clients that use it from outside: nginx with TLS by a local authority, TURN over UDP, TCP and
// TLS, and the tracker's UDP port. Programs find its names in an /etc/hosts of their own, as they would find a server's in the DNS.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { root } from './repository.ts';

const DOMAIN = 'rehearsal.test';

type IceServers = readonly {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}[];

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Where TURN is asked: not on loopback, which browsers do not bind, and not at the bundle's own gateway, from where only nginx speaks. With its final dot
 * too, since Chromium looks its name up so. */
function ownAddress(): string {
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (own === undefined) throw new Error('Cannot rehearse: this machine has no IPv4 address but loopback');
  return own.address;
}

export class Rehearsal {
  readonly project = `relay-swarm-test-rehearsal-${process.pid}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  /** Its authority's certificate; there once it is up. */
  readonly caFile = join(this.folder, 'state/rehearsal-ca.pem');
  /** `tracker.rehearsal.test:PORT`. */
  readonly tracker: string;
  readonly gun: string;
  readonly udpAnnounce: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(httpsPort: number, udpPort: number) {
    const network = `10.${150 + (process.pid % 50)}.${process.pid % 200}`;
    this.tracker = `tracker.${DOMAIN}:${httpsPort}`;
    this.gun = `gun.${DOMAIN}:${httpsPort}`;
    this.udpAnnounce = `udp://tracker.${DOMAIN}:${udpPort}/announce`;
    const also = join(this.folder, 'also.yml');
    writeFileSync(
      also,
      `services:
  tracker:
    ports: !override ['127.0.0.1:${udpPort}:${udpPort}/udp']
    networks: !override [edge, egress]
    environment: { TRACKER_UDP_PORT: '${udpPort}' }
  # All clients of a test have one address, and keep what they allocate for minutes.
  stun:
    environment: { STUN_ALLOCATIONS_PER_ADDRESS_MAX: '4000', STUN_UNAUTHENTICATED_PER_SECOND_MAX: '1000' }
`,
    );
    writeFileSync(
      join(this.folder, 'hosts'),
      `127.0.0.1 localhost tracker.${DOMAIN} peerjs.${DOMAIN} gun.${DOMAIN}\n${ownAddress()} turn.${DOMAIN} turn.${DOMAIN}.\n`,
    );
    this.#env = {
      ...process.env,
      COMPOSE_PROJECT_NAME: this.project,
      REHEARSAL_PORT: String(httpsPort),
      REHEARSAL_STUN_PORT: String(14_000 + (process.pid % 200) * 25),
      REHEARSAL_NETWORK: network,
      REHEARSAL_PROFILES: 'gun',
      REHEARSAL_ALSO: also,
      RELAY_SWARM_STATE: join(this.folder, 'state'),
    };
  }

  /** Nothing runs yet. */
  static async prepare(): Promise<Rehearsal> {
    return new Rehearsal(await freePort(), await freePort());
  }

  setup(...args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { env: this.#env, timeout: 590_000 };
      execFile(join(root, 'scripts/setup'), ['--rehearse', ...args], options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
      );
    });
  }

  /** A script that runs this program where the bundle's names are known. */
  knowing(program: string): string {
    const file = join(this.folder, `knowing-${program.split('/').at(-1)!}`);
    const unshare = process.getuid?.() === 0 ? 'unshare --mount' : 'unshare --user --map-root-user --mount';
    const inside = `mount --bind "${join(this.folder, 'hosts')}" /etc/hosts && exec "$@"`;
    writeFileSync(file, `#!/bin/sh\nexec ${unshare} sh -c '${inside}' sh '${program}' "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /** The environment of a program that trusts the bundle's authority, as far as one can tell it so. */
  get trusting(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      NODE_EXTRA_CA_CERTS: this.caFile,
      SSL_CERT_FILE: this.caFile, // OpenSSL
      CURL_CA_BUNDLE: this.caFile, // Transmission
    };
  }

  /** A folder whose certificates (NSS, as browsers have them) trust the bundle's authority. */
  nssFolder(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    const certutil = (...args: readonly string[]): Buffer =>
      execFileSync('certutil', ['-d', `sql:${folder}`, ...args]);
    certutil('-N', '--empty-password');
    certutil('-A', '-n', 'rehearsal', '-t', 'C,,', '-i', this.caFile);
    return folder;
  }

  /** What `/ice-servers` answers. */
  iceServers(): Promise<IceServers> {
    const [host, port] = this.tracker.split(':') as [string, string];
    const options = {
      host: '127.0.0.1',
      port,
      path: '/ice-servers',
      servername: host,
      headers: { host: this.tracker },
    };
    return new Promise((resolve, reject) => {
      const sent = get({ ...options, ca: readFileSync(this.caFile) }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('end', () => resolve((JSON.parse(body) as { iceServers: IceServers }).iceServers));
      });
      sent.on('error', reject);
    });
  }

  async remove(): Promise<void> {
    await this.setup('down');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
