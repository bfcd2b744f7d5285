// Pebble, Let's Encrypt's small authority for tests, with a DNS that answers what the test wants, in a container of their own.
import { execFile, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { startCaaFront } from './caa-front.ts';
import { readRepositoryFile } from './repository.ts';

const READY_MS_MAX = 20_000;
const IMAGE = 'relay-swarm-test/pebble';
/** By which .ci/run finds what an interrupted run left behind. */
const LABEL = 'relay-swarm.test';
// Straight to the point: no random waits, no random refusals, and every order is really validated.
const ENVIRONMENT = ['PEBBLE_VA_NOSLEEP=1', 'PEBBLE_WFE_NONCEREJECT=0', 'PEBBLE_AUTHZREUSE=0'];

export interface PebbleOptions {
  readonly folder: string;
  /** Where certbot reaches it. */
  readonly address: string;
  /** Where the names' web server answers, on 127.0.0.1. */
  readonly httpPort: number;
  readonly validitySeconds: number;
}

export class Pebble {
  readonly directory: string;
  /** The authority of Pebble's own HTTPS, for certbot to trust. */
  readonly caFile: string;
  readonly #management: number;
  readonly #dnsManagement: number;
  readonly #container: string;
  readonly #front: Server;

  private constructor(
    directory: string,
    caFile: string,
    ports: { management: number; dnsManagement: number },
    running: { container: string; front: Server },
  ) {
    this.directory = directory;
    this.caFile = caFile;
    this.#management = ports.management;
    this.#dnsManagement = ports.dnsManagement;
    this.#container = running.container;
    this.#front = running.front;
  }

  static async start({ folder, address, httpPort, validitySeconds }: PebbleOptions): Promise<Pebble> {
    mkdirSync(folder, { recursive: true });
    const file = (name: string): string => join(folder, name);
    const openssl = (...args: readonly string[]): unknown =>
      execFileSync('openssl', args, { stdio: 'ignore' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    openssl(
      'req',
      '-x509',
      ...key,
      '-subj',
      '/CN=test authority',
      '-addext',
      'keyUsage=critical,keyCertSign',
      '-keyout',
      file('ca.key'),
      '-out',
      file('ca.pem'),
    );
    openssl('req', ...key, '-subj', '/CN=pebble', '-keyout', file('pebble.key'), '-out', file('pebble.csr'));
    // Python 3.13 checks these extensions.
    writeFileSync(
      file('names'),
      `subjectAltName=IP:${address},IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n`,
    );
    openssl(
      ...['x509', '-req', '-in', file('pebble.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
      ...['-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', file('pebble.pem')],
    );
    const [acme, behind, management, dns, dnsManagement] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const pebble = {
      listenAddress: `127.0.0.1:${behind}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: file('pebble.pem'),
      privateKey: file('pebble.key'),
      httpPort,
      tlsPort: 1,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      certificateValidityPeriod: validitySeconds,
    };
    writeFileSync(file('config.json'), JSON.stringify({ pebble }));
    const none = `-http01 '' -https01 '' -tlsalpn01 '' -doh '' -defaultIPv6 ''`;
    const programs = `
      pebble-challtestsrv ${none} -dns01 127.0.0.1:${dns} -management 127.0.0.1:${dnsManagement} -defaultIPv4 127.0.0.1 &
      exec pebble -strict -config '${file('config.json')}' -dnsserver 127.0.0.1:${dns}`;
    docker(readRepositoryFile('test/support/pebble.Dockerfile'), 'build', '--tag', IMAGE, '-');
    const ca = readFileSync(file('ca.pem'));
    const tls = { key: readFileSync(file('pebble.key')), cert: readFileSync(file('pebble.pem')), ca };
    const front = await startCaaFront({ port: acme, pebblePort: behind, dnsPort: dns, tls });
    const container = docker(
      '',
      ...['run', '--detach', '--init', '--network', 'host', '--label', LABEL],
      ...ENVIRONMENT.flatMap((setting) => ['--env', setting]),
      ...['--volume', `${folder}:${folder}:ro`, IMAGE, 'sh', '-c', programs],
    ).trim();
    const started = new Pebble(
      `https://${address}:${acme}/dir`,
      file('ca.pem'),
      { management, dnsManagement },
      { container, front },
    );
    const untilMs = Date.now() + READY_MS_MAX;
    while ((await get(acme, '/dir', ca)) === undefined) {
      if (Date.now() > untilMs) {
        const said = started.log();
        await started.stop();
        throw new Error(`Pebble did not start:\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return started;
  }

  /** Changes the DNS: `add-aaaa`, `clear-aaaa`, `add-caa`, `set-servfail` …, as challtestsrv calls them. */
  async dns(command: string, body: object): Promise<void> {
    const { ok } = await fetch(`http://127.0.0.1:${this.#dnsManagement}/${command}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!ok) throw new Error(`Cannot change the DNS: ${command}`);
  }

  /** The authority that the issued certificates come from (PEM); Pebble makes a new one at each start. */
  root(): Promise<string> {
    return this.#ask('/roots/0');
  }

  /** What the issued certificates have as the name of their issuer. */
  async issuer(): Promise<string> {
    return new X509Certificate(await this.#ask('/intermediates/0')).subject.replace('CN=', '');
  }

  async #ask(path: string): Promise<string> {
    const answer = await get(this.#management, path, readFileSync(this.caFile));
    if (answer === undefined) throw new Error(`Cannot get ${path} from Pebble`);
    return answer;
  }

  /** What Pebble wrote about the requests that came in. */
  log(): string {
    return docker('', 'logs', this.#container);
  }

  async stop(): Promise<void> {
    this.#front.closeAllConnections();
    await new Promise((resolve) => this.#front.close(resolve));
    await promisify(execFile)('docker', ['rm', '--force', this.#container]);
  }
}

/** Runs docker with this standard input, and returns what it prints. */
function docker(input: string, ...args: readonly string[]): string {
  return execFileSync('docker', args, { input, encoding: 'utf8', stdio: 'pipe' });
}

/** The body, or undefined where nobody answers. */
function get(port: number, path: string, ca: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, ca }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined));
    });
    sent.on('error', () => resolve(undefined)).end();
  });
}
