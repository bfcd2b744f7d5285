// Other proxies before the bundle's nginx, with the configuration that docs/behind-a-proxy.md shows.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { snippet } from '../../test/support/snippets.ts';
import { requireTool } from '../../test/support/tools.ts';
import { NginxUnderTest, placeholder } from './support/nginx.ts';

const PAGE = 'docs/behind-a-proxy.md';
const NAME = 'tracker.example.org';
/** Not the fronts' own address, so that nothing is believed of it. */
const CLIENT = '127.0.0.9';
const READY_MS_MAX = 15_000;

interface Ports {
  readonly http: number;
  readonly https: number;
}
interface Front {
  readonly tool: string;
  /** Writes its files, and returns the command that runs it in the foreground. */
  readonly prepare: (folder: string, ports: Ports, behind: string) => Promise<readonly string[]>;
}

const fronts: readonly Front[] = [
  {
    tool: 'caddy',
    prepare: async (folder, ports, behind) => {
      const here = `{\n admin off\n local_certs\n skip_install_trust\n http_port ${ports.http}\n https_port ${ports.https}\n storage file_system ${folder}\n}\n`;
      const text = snippet(PAGE, 'Caddyfile').replaceAll('127.0.0.1:5001', behind);
      await writeFile(join(folder, 'Caddyfile'), here + text);
      return ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
    },
  },
  {
    tool: 'nginx',
    prepare: async (folder, ports, behind) => {
      await promisify(execFile)(placeholder, [folder]);
      const site = snippet(PAGE, 'site.conf')
        .replaceAll('127.0.0.1:5001', behind)
        .replaceAll('/etc/letsencrypt/live/example.org', join(folder, 'current'))
        .replace('listen 443', `listen 127.0.0.1:${ports.https}`)
        .replace('listen 80', `listen 127.0.0.1:${ports.http}`);
      await writeFile(
        join(folder, 'nginx.conf'),
        `pid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${site}}\n`,
      );
      return ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'];
    },
  },
];

/** What proxies that nobody could install here say of a client, and what of it is believed: the address that the last proxy saw. */
const HEADERS = [
  {
    front: 'Traefik, which puts its client behind what came',
    settings: {},
    headers: {
      'x-forwarded-for': '6.6.6.6, 203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-real-ip': '203.0.113.7',
    },
  },
  {
    front: 'Cloudflare, whose client has a header of its own',
    settings: { NGINX_CLIENT_HEADER: 'CF-Connecting-IP' },
    headers: {
      'cf-connecting-ip': '203.0.113.7',
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
    },
  },
  {
    front: 'Cloudflare before Traefik',
    settings: { NGINX_CLIENT_HEADER: 'CF-Connecting-IP' },
    headers: { 'cf-connecting-ip': '203.0.113.7', 'x-forwarded-for': '203.0.113.7, 172.70.0.1' },
  },
];

requireTool('nginx')('behind a proxy that says', () => {
  it.each(HEADERS)('$front: its client is known', async ({ settings, headers }) => {
    const service = createServer((incoming, response) => response.end(JSON.stringify(incoming.headers)));
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    const nginx = await NginxUnderTest.start({
      TRACKER_NAMES: NAME,
      PEERJS_NAMES: 'peerjs.example.org',
      TRACKER_UPSTREAM: `127.0.0.1:${(service.address() as AddressInfo).port}`,
      NGINX_FRONT_SCHEME: 'https',
      NGINX_TRUSTED_PROXIES: '127.0.0.1',
      ...settings,
    });
    try {
      const heard = async (localAddress: string): Promise<string> => {
        const sent = httpRequest({
          host: '127.0.0.1',
          port: nginx.port,
          localAddress,
          path: '/announce',
          headers: { host: NAME, ...headers },
        }).end();
        const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
        let body = '';
        for await (const part of response) body += String(part);
        return (JSON.parse(body) as Record<string, string>)['x-forwarded-for']!;
      };
      expect(await heard('127.0.0.1')).toBe('203.0.113.7');
      // The same words of somebody who is no proxy of ours.
      expect(await heard(CLIENT)).toBe(CLIENT);
    } finally {
      await nginx.stop();
      service.close();
    }
  });
});

describe.each(fronts)('behind $tool', ({ tool, prepare }) => {
  requireTool(
    'nginx',
    'openssl',
    tool,
  )(`${tool} as the page has it`, () => {
    const service = createServer((incoming, response) => response.end(JSON.stringify(incoming.headers)));
    service.on('upgrade', (incoming, socket) => {
      socket.on('error', () => undefined);
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${String(incoming.headers['x-forwarded-for'])}`,
      );
    });
    const ports = { http: 0, https: 0 };
    let folder: string;
    let nginx: NginxUnderTest;
    let front: ChildProcess;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'front-'));
      service.listen(0, '127.0.0.1');
      await once(service, 'listening');
      nginx = await NginxUnderTest.start({
        TRACKER_NAMES: NAME,
        PEERJS_NAMES: 'peerjs.example.org',
        TRACKER_UPSTREAM: `127.0.0.1:${(service.address() as AddressInfo).port}`,
        NGINX_FRONT_SCHEME: 'https',
        NGINX_TRUSTED_PROXIES: '127.0.0.1',
      });
      await mkdir(join(nginx.folder, 'data'));
      await writeFile(join(nginx.folder, 'data/descriptor.json'), '{"from":"file"}');
      ports.http = await freePort();
      ports.https = await freePort();
      const args = await prepare(folder, ports, `127.0.0.1:${nginx.port}`);
      front = spawn(tool, args, {
        stdio: 'ignore',
        env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder },
      });
      const untilMs = Date.now() + READY_MS_MAX;
      while ((await ask('https', '/').catch(() => undefined)) === undefined) {
        if (Date.now() > untilMs) throw new Error(`${tool} did not start`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }, 60_000);
    afterAll(async () => {
      const ended = once(front, 'close');
      front.kill('SIGTERM');
      await ended;
      await nginx.stop();
      service.close();
      await rm(folder, { recursive: true, force: true });
    });

    const ask = (
      scheme: 'http' | 'https',
      path: string,
      headers = {},
    ): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          localAddress: CLIENT,
          path,
          headers: { host: NAME, ...headers },
          agent: false,
        };
        const sent =
          scheme === 'http'
            ? httpRequest({ ...options, port: ports.http })
            : httpsRequest({ ...options, port: ports.https, servername: NAME, rejectUnauthorized: false });
        const read = (response: NodeJS.ReadableStream, status: number, head = ''): void => {
          let body = head;
          response.on('data', (part) => (body += String(part))).on('end', () => resolve({ status, body }));
        };
        sent.on('error', reject);
        sent.on('response', (response) => read(response, response.statusCode!));
        sent.on('upgrade', (response, socket, head) => read(socket, response.statusCode!, String(head)));
        sent.end();
      });

    it('the client is itself, whatever it says of others, and came by https', async () => {
      const { body } = await ask('https', '/announce', { 'x-forwarded-for': '6.6.6.6' });
      expect(JSON.parse(body)).toMatchObject({
        host: NAME,
        'x-forwarded-for': CLIENT,
        'x-forwarded-proto': 'https',
      });
    });

    it('WebSockets come through', async () => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'x',
        'sec-websocket-version': '13',
      };
      expect(await ask('https', '/', headers)).toMatchObject({ status: 101 });
    });

    it('other relays read the description over plain HTTP', async () => {
      expect(await ask('http', '/.well-known/relay-swarm')).toEqual({ status: 200, body: '{"from":"file"}' });
      expect([301, 308]).toContain((await ask('http', '/stats')).status);
    });
  });
});
