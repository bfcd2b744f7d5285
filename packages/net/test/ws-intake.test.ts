import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { ByteBudget, type Holder } from '../src/budget.ts';
import { Intake, type IntakeSocket } from '../src/ws-intake.ts';

const servers: Server[] = [];
const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A masked frame; the mask is nothing, so the payload is itself. */
function frame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([...header, 0, 0, 0, 0]), payload]);
}
const text = (payload: string): Buffer => frame(0x81, Buffer.from(payload));
const PONG = frame(0x8a, Buffer.alloc(125));

async function start(bytesMax = 10_000_000) {
  let nowMs = 0;
  const ended: string[] = [];
  const messages: string[] = [];
  let pongs = 0;
  const budget = new ByteBudget({ bytesMax });
  const intake = new Intake({
    nowMs: () => nowMs,
    unfinishedMsMax: 30_000,
    end: (socket, reason) => {
      ended.push(reason);
      (socket as WebSocket).terminate();
    },
  });
  const server = createServer();
  servers.push(server);
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 65_536 });
  let opened!: (value: [IntakeSocket & WebSocket, Holder]) => void;
  const open = new Promise<[IntakeSocket & WebSocket, Holder]>((resolve) => (opened = resolve));
  server.on('upgrade', (request, stream, head) =>
    webSockets.handleUpgrade(request, stream, head, (webSocket) => {
      const holder = budget.open('a', () => webSocket.terminate());
      intake.watch(webSocket, stream, holder);
      webSocket.on('message', (data: Buffer) => messages.push(data.toString()));
      webSocket.on('pong', () => pongs++);
      webSocket.on('error', () => undefined);
      opened([webSocket, holder]);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(client);
  client.on('error', () => undefined);
  client.setNoDelay(true);
  client.write(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(client, 'data');
  const [webSocket, holder] = await open;
  const { _receiver: receiver } = webSocket as never as {
    _receiver: { _fragments: Buffer[]; _buffers: Buffer[] };
  };
  return {
    ...{ budget, intake, client, webSocket, holder, receiver, ended, messages },
    pongs: () => pongs,
    pass: (milliseconds: number) => (nowMs += milliseconds),
  };
}

async function until(is: () => boolean): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    if (tries > 1_000) throw new Error('Cannot wait longer');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('Intake', () => {
  it('keeps of a fragment what it is, not the chunk that it came in', async () => {
    const { client, receiver, budget, messages, pongs } = await start();
    for (let i = 0; i < 20; i++) {
      const first = i === 0 ? 0x01 : 0x00;
      client.write(Buffer.concat([frame(first, Buffer.from('x')), ...Array<Buffer>(400).fill(PONG)]));
    }
    await until(() => pongs() === 8_000);
    const kept = receiver._fragments.reduce((sum, one) => sum + one.buffer.byteLength, 0);
    expect(receiver._fragments.length).toBe(20);
    expect(kept).toBeLessThan(20_000);
    expect(budget.bytes).toBeGreaterThan(20);
    client.write(frame(0x80, Buffer.from('y')));
    await until(() => messages.length === 1);
    expect(messages[0]).toBe(`${'x'.repeat(20)}y`);
    expect(budget.bytes).toBe(0);
  });

  it('joins the pieces of a frame that comes byte by byte', async () => {
    const { client, receiver, messages, budget } = await start();
    const whole = text('z'.repeat(2_000));
    for (const byte of whole.subarray(0, -1)) {
      client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => budget.bytes > 2_000);
    expect(receiver._buffers.length).toBeLessThan(300);
    client.write(whole.subarray(-1));
    await until(() => messages.length === 1);
    expect(messages[0]).toBe('z'.repeat(2_000));
    expect(budget.bytes).toBe(0);
  });

  it('ends who leaves a message unfinished, and nobody before that', async () => {
    const { client, intake, ended, pass } = await start();
    client.write(frame(0x01, Buffer.from('x')));
    await until(() => intake.unfinished === 1);
    pass(29_000);
    intake.tick();
    expect(ended).toEqual([]);
    client.write(Buffer.concat([frame(0x00, Buffer.from('x')), PONG])); // more of it makes it no younger
    pass(1_000);
    intake.tick();
    expect(ended).toEqual(['unfinished_message']);
    expect(intake.unfinished).toBe(0);
  });

  it('does not hold against a client what we did not read', async () => {
    const { client, intake, webSocket, ended, pass } = await start();
    client.write(frame(0x01, Buffer.from('x')));
    await until(() => intake.unfinished === 1);
    webSocket.pause();
    pass(60_000);
    intake.tick();
    expect(ended).toEqual([]);
  });

  it('ends who wants more than its share', async () => {
    const { client, ended, budget } = await start(100_000); // 10,000 for a connection
    client.write(text('z'.repeat(60_000)).subarray(0, 50_000));
    await until(() => ended.length === 1);
    expect(ended).toEqual(['connection_memory']);
    await until(() => budget.bytes === 0);
  });

  it('parses nothing of a socket that was told to close, and ends behind the close frame', async () => {
    const { client, webSocket, messages, pongs } = await start();
    const received: Buffer[] = [];
    client.on('data', (data: Buffer) => received.push(data));
    webSocket.close(1008, 'enough');
    for (let i = 0; i < 50; i++) client.write(Buffer.concat([PONG, text('late')]));
    await Promise.race([once(client, 'end'), once(client, 'close')]);
    expect([messages, pongs()]).toEqual([[], 0]);
    expect(Buffer.concat(received).toString('latin1')).toContain('\x88\x08\x03\xf0enough');
  });

  it('says where the library is not the one it knows', async () => {
    const { webSocket, holder, intake } = await start();
    const stream = (webSocket as never as { _socket: Socket })._socket;
    expect(() => intake.watch({ readyState: 1, isPaused: false }, stream, holder)).toThrow(
      'wanted one of ws',
    );
  });
});
