// Other ends that misbehave on an open socket, or while it is opened: real sockets.
import { createAddressGuard } from '@relay-swarm/net';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import { createServer, type Server } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
} from 'node:net';
import { WebSocket } from 'ws';
import { createWireAcceptor } from '../src/sessions/accept-wire.ts';
import { dialWire, type Wire } from '../src/sessions/wire.ts';
import { until } from '../../../tracker/test/support/until.ts';

const guard = createAddressGuard({ allowPrivate: true });
const FRAME_BYTES_MAX = 65_536;

let servers: (Server | TcpServer)[] = [];
let clients: { terminate?(): void; destroy?(): void }[] = [];
afterEach(async () => {
  for (const client of clients) (client.terminate ?? client.destroy)?.call(client);
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
  clients = [];
});

interface Accepted {
  readonly port: number;
  wire?: Wire;
  readonly texts: string[];
  closedWith?: number;
}

/** A relay's end of whatever dials it. */
async function accept(nowMs?: () => number): Promise<Accepted> {
  const acceptor = createWireAcceptor(nowMs);
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted: Accepted = { port: (server.address() as AddressInfo).port, texts: [] };
  server.on('upgrade', (request, socket, head) => {
    acceptor.accept(request, socket, head, '127.0.0.1', (wire) => {
      accepted.wire = wire;
      return {
        text: (text) => accepted.texts.push(text),
        pong: () => undefined,
        closed: (code) => (accepted.closedWith = code),
      };
    });
  });
  return accepted;
}

async function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/relay`);
  clients.push(socket);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('open', resolve));
  return socket;
}

describe('an open wire', () => {
  it('takes a frame of so many bytes, and ends with one more', async () => {
    const accepted = await accept();
    const socket = await open(accepted.port);
    socket.send('x'.repeat(FRAME_BYTES_MAX));
    await until(() => accepted.texts.length === 1, 5);
    socket.send('x'.repeat(FRAME_BYTES_MAX + 1));
    await until(() => accepted.closedWith !== undefined, 5);
    expect(accepted.texts).toHaveLength(1);
  });

  it('ends with a frame in a thousand pieces', async () => {
    const accepted = await accept();
    const socket = await open(accepted.port);
    for (let i = 0; i < 1_000; i++) socket.send('x', { fin: false });
    await until(() => accepted.closedWith !== undefined, 5);
    expect(accepted.texts).toEqual([]);
  });

  it('ends with a flood of pongs', async () => {
    const accepted = await accept();
    const socket = await open(accepted.port);
    for (let i = 0; i < 100; i++) socket.pong();
    await until(() => accepted.closedWith === 1008, 5);
  });

  it('waits for an address that has sent too much, and loses nothing', async () => {
    let nowMs = 0;
    const accepted = await accept(() => nowMs);
    const socket = await open(accepted.port);
    for (let i = 0; i < 40; i++) socket.send(String(i).padEnd(FRAME_BYTES_MAX, '.'));
    await until(() => accepted.texts.length > 30, 20); // 2 MB
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(accepted.texts.length).toBeLessThan(34);
    nowMs = 5_000;
    await until(() => accepted.texts.length === 40, 20);
    expect(accepted.texts.map((text) => parseInt(text))).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('ends where the other end does not read', async () => {
    const accepted = await accept();
    const socket = await open(accepted.port);
    socket.pause();
    await until(() => {
      for (let i = 0; i < 16; i++) accepted.wire!.send('x'.repeat(FRAME_BYTES_MAX));
      return accepted.closedWith !== undefined;
    }, 5);
    expect(accepted.closedWith).toBe(1006);
  });

  it('is gone soon after a goodbye that is not answered', async () => {
    const accepted = await accept();
    const socket = connect(accepted.port, '127.0.0.1');
    clients.push(socket);
    const key = Buffer.alloc(16).toString('base64');
    socket.on('error', () => undefined).resume();
    socket.write(
      `GET /relay HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await until(() => accepted.wire !== undefined, 5);
    accepted.wire!.close(4004, 'full');
    await until(() => accepted.closedWith !== undefined, 10);
  });

  it('hears nothing of binary frames but their end', async () => {
    const accepted = await accept();
    const socket = await open(accepted.port);
    const told = new Promise((resolve) => socket.once('close', (_code, reason) => resolve(String(reason))));
    socket.send(Buffer.from('{}'));
    await until(() => accepted.closedWith === 1003, 5);
    expect(await told).toBe(REFUSALS.binary.sentence);
    expect(accepted.texts).toEqual([]);
  });
});

describe('dialWire()', () => {
  it('gives up on an answer that comes a byte at a time', async () => {
    const server = createTcpServer((socket) => {
      clients.push(socket);
      socket.on('error', () => undefined).resume();
      socket.write('HTTP/1.1 101 Switching Protocols\r\nx: ');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const neverOpened = (): never => {
      throw new Error('a wire was opened');
    };
    await expect(dialWire(`ws://127.0.0.1:${port}/relay`, guard, neverOpened, 300)).rejects.toThrow(/closed/);
  });
});
