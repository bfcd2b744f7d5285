import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { requireTool } from '../../test/support/tools.ts';
import { NginxUnderTest } from './support/nginx.ts';

const TRACKER = 'tracker.example.test';
const TURN = 'turn.example.test';
/** What render.sh makes of 20 connections for each client. */
const OPEN_MAX = 20 + 5 + 16;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe.each(['', 'on'])('nginx with TLS, TURN on its port: "%s"', (turns443) => {
  requireTool('nginx', 'openssl')('does its job', () => {
    // Tells what reached it.
    const service = createServer((incoming, response) => response.end(JSON.stringify(incoming.headers)));
    // Sends back whatever comes first, so that the PROXY line shows.
    const turn = createTcpServer((socket) =>
      socket.once('data', (data) => socket.end(data)).on('error', () => undefined),
    );
    let nginx: NginxUnderTest;

    beforeAll(async () => {
      nginx = await NginxUnderTest.start({
        NGINX_FORM: 'tls',
        TURNS_443: turns443,
        TRACKER_NAMES: TRACKER,
        PEERJS_NAMES: 'peerjs.example.test',
        TURN_NAME: TURN,
        TRACKER_UPSTREAM: await listen(service),
        TURN_UPSTREAM: await listen(turn),
        NGINX_CONNECTIONS_PER_ADDRESS_MAX: '20',
      });
      await mkdir(join(nginx.folder, 'acme/.well-known/acme-challenge'), { recursive: true });
      await mkdir(join(nginx.folder, 'data'));
      await writeFile(join(nginx.folder, 'acme/.well-known/acme-challenge/token'), 'proof');
      await writeFile(join(nginx.folder, 'data/descriptor.json'), '{}');
    });
    afterAll(async () => {
      await nginx.stop();
      service.close();
      turn.close();
    });

    const get = (scheme: 'http' | 'https', host: string, path: string): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', path, headers: { host, 'x-forwarded-for': '6.6.6.6' } };
        const sent =
          scheme === 'http'
            ? httpRequest({ ...options, port: nginx.port })
            : httpsRequest({
                ...options,
                port: nginx.tlsPort,
                servername: host,
                rejectUnauthorized: false,
                agent: false,
              });
        sent.on('error', reject).on('response', (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (part: string) => (body += part));
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body }),
          );
        });
        sent.end();
      });

    it('hands on what comes by name, with the true address and HSTS', async () => {
      const { status, headers, body } = await get('https', TRACKER, '/page');
      expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=63072000']);
      expect(JSON.parse(body)).toMatchObject({
        host: TRACKER,
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      });
    });

    it('refuses the handshake for a name that is not ours', async () => {
      await expect(get('https', 'evil.example.test', '/')).rejects.toThrow(/unrecognized name/);
    });

    it('answers the certificate authority under any name, and never redirects it', async () => {
      for (const host of [TRACKER, '127.0.0.1']) {
        expect((await get('http', host, '/.well-known/acme-challenge/token')).body).toBe('proof');
        expect((await get('http', host, '/.well-known/acme-challenge/none')).status).toBe(404);
      }
    });

    it('on a further machine hands the authority on to the first one', async () => {
      const first = nginx;
      nginx = await NginxUnderTest.start({
        NGINX_FORM: 'tls',
        TURNS_443: turns443,
        TRACKER_NAMES: TRACKER,
        ACME_UPSTREAM: `127.0.0.1:${first.port}`,
      });
      try {
        expect((await get('http', TRACKER, '/.well-known/acme-challenge/token')).body).toBe('proof');
        expect((await get('http', TRACKER, '/.well-known/acme-challenge/none')).status).toBe(404);
      } finally {
        await nginx.stop();
        nginx = first;
      }
    });

    it('describes the relay over plain HTTP to whoever asks for it by address', async () => {
      expect((await get('http', '127.0.0.1', '/.well-known/relay-swarm')).body).toBe('{}');
    });

    it('sends everything else under our names to HTTPS, and nothing under others', async () => {
      const { status, headers } = await get('http', TRACKER, '/some?page=1');
      expect([status, headers.location]).toEqual([308, `https://${TRACKER}/some?page=1`]);
      expect((await get('http', 'evil.example.test', '/')).status).toBe(404);
    });

    it('counts connections that have not asked anything yet, of each client', async () => {
      const open = (localAddress: string): Promise<Socket | undefined> =>
        new Promise((resolve) => {
          const socket = connectTcp({ port: nginx.port, host: '127.0.0.1', localAddress });
          socket.on('error', () => undefined).once('close', () => resolve(undefined));
          // Nothing says that a connection may stay, but an answer to what it asks.
          socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
          socket.once('data', () => resolve(socket));
        });
      const silent = Array.from({ length: OPEN_MAX }, () =>
        connectTcp({ port: nginx.port, host: '127.0.0.1' }),
      );
      await Promise.all(silent.map((socket) => once(socket, 'connect')));
      expect(await open('127.0.0.1')).toBeUndefined();
      const other = await open('127.0.0.2');
      expect(other).toBeDefined();
      for (const socket of [...silent, other!]) socket.destroy();
    });

    if (turns443 === '') return;

    it.each([
      ['by name', TURN],
      ['without a server name, as clients send it that know only an address', ''],
    ])('hands TURN over TLS to the TURN server %s, and says who the client is', async (_how, servername) => {
      const socket = await new Promise<TLSSocket>((resolve, reject) => {
        const opened = connect(
          { port: nginx.tlsPort, host: '127.0.0.1', servername, rejectUnauthorized: false },
          () => resolve(opened),
        );
        opened.on('error', reject);
      });
      const clientPort = socket.localPort;
      let received = '';
      socket.setEncoding('latin1').on('data', (part: string) => (received += part));
      socket.write('allocate');
      await new Promise((resolve) => socket.once('close', resolve));
      // The client's own port, so it is not the address of a hop in between.
      expect(received).toMatch(
        new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 ${clientPort} \\d+\r\nallocate$`),
      );
    });
  });
});
