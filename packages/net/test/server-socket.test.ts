// RFC 6455 over real sockets, case by case, in the order in which the Autobahn suite lists them. The server is an echo.
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { rejectUpgrade, onWebSocketUpgrade, textFrame } from '@relay-swarm/net';
import { SocketServer, type ServerSocket } from '@relay-swarm/net/server-socket';
import { NEXT_TURN_MS } from '../src/turns.ts';
import { clientFrame, closePayload, type FrameParts } from './support/client-frames.ts';

const MESSAGE_BYTES_MAX = 1_048_576;
const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

let server: Server;
let events: string[];
let closeCode: number;
/** Of which the server is told, and what it answers. */
let comes: (bytes: number) => number;
beforeAll(async () => {
  const sockets = new SocketServer<ServerSocket<unknown>>({
    messageBytesMax: MESSAGE_BYTES_MAX,
    fragmentsMax: 64,
    closeMsMax: 5_000,
    events: {
      message: ({ stream }, payload, isBinary) => {
        if (payload.toString() === 'a mistake') throw new Error('ours');
        stream.write(
          isBinary
            ? clientFrame({ opcode: BINARY, payload, mask: undefined })
            : textFrame(payload.toString()),
        );
      },
      restMs: (_owner, bytes) => comes(bytes),
      signOfLife: () => void events.push('sign of life'),
      mayRead: () => true,
      settled: () => undefined,
      fault: (_owner, { name }) => void events.push(name),
      failed: (socket, error) => {
        events.push((error as Error).message);
        socket.close(1011, 'ours');
      },
      closed: (socket) => {
        events.push('closed');
        closeCode = socket.closeCode;
      },
    },
  });
  server = createServer();
  onWebSocketUpgrade(server, (request, stream, head) => {
    stream.on('error', () => undefined);
    const fault = sockets.accept(request, stream, head, (socket) => socket);
    if (fault !== undefined) rejectUpgrade(stream, fault.code, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  events = [];
  comes = () => 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** What a server says: frames like `text hello`, `close 1002`, and `end` where it closes the connection. */
class Client {
  readonly socket: Socket;
  readonly said: string[] = [];
  response = '';
  #bytes: Buffer = Buffer.alloc(0);
  #heard: () => void = () => undefined;

  constructor(lines: readonly string[] = HANDSHAKE, more: Buffer = Buffer.alloc(0)) {
    this.socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    this.socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), more]));
    this.socket.on('error', () => undefined);
    this.socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#read();
    });
    this.socket.on('end', () => {
      this.said.push('end');
      this.#heard();
    });
  }

  #read(): void {
    if (this.response === '') {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.response = this.#bytes.toString('latin1', 0, end);
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    for (;;) {
      const bytes = this.#bytes;
      const short = bytes[1] ?? 0;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < start) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
      if (bytes.length < start + length) break;
      this.said.push(described(bytes[0]!, bytes.subarray(start, start + length)));
      this.#bytes = bytes.subarray(start + length);
    }
    this.#heard();
  }

  async saying(count: number): Promise<string[]> {
    while (this.said.length < count) await new Promise<void>((resolve) => (this.#heard = resolve));
    return this.said;
  }
}

function described(first: number, payload: Buffer): string {
  const text = payload.length > 200 ? `${payload.length} bytes` : payload.toString();
  if (first === 0x81) return `text ${text}`;
  if (first === 0x82) return `binary ${text}`;
  if (first === 0x8a) return `pong ${text}`;
  return first === 0x88
    ? `close ${payload.length < 2 ? 'without a code' : payload.readUInt16BE(0)}`
    : `? ${first}`;
}

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10] as const;
type Part = FrameParts | Buffer;
const text = (payload: string | Uint8Array, isFinal = true): Part => ({ opcode: TEXT, payload, isFinal });
const more = (payload: string | Uint8Array, isFinal = false): Part => ({
  opcode: CONTINUATION,
  payload,
  isFinal,
});
const ping = (payload: string | Uint8Array = ''): Part => ({ opcode: PING, payload });
const close = (...about: Parameters<typeof closePayload>): Part => ({
  opcode: CLOSE,
  payload: closePayload(...about),
});
const fails = (code: number): string[] => [`close ${code}`, 'end'];

type Case = readonly [
  title: string,
  sent: readonly Part[],
  said: readonly string[],
  piece?: number | undefined,
];

const sizes: Case[] = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 1_048_576].flatMap((size) => {
  const payload = Buffer.alloc(size, '*');
  const shown = size > 200 ? `${size} bytes` : payload.toString();
  return [
    [`a text of ${size} bytes`, [text(payload)], [`text ${shown}`]],
    [`binary of ${size} bytes`, [{ opcode: BINARY, payload }], [`binary ${shown}`]],
  ] satisfies Case[];
});
const word = 'κόσμε';
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const cases: Case[] = [
  ...sizes,
  ['a text in pieces of 997 bytes', [text('x'.repeat(65_535))], ['text 65535 bytes'], 997],
  ['a length in a longer form than needed', [{ opcode: TEXT, payload: 'hi', lengthBytes: 9 }], ['text hi']],

  ['an empty ping', [ping()], ['pong ']],
  ['a ping with a payload', [ping('Hello')], ['pong Hello']],
  [
    'a ping with bytes that are no text',
    [ping(bytesOf('00fffefdfc00'))],
    [`pong ${bytesOf('00fffefdfc00').toString()}`],
  ],
  ['a ping of 125 bytes', [ping('p'.repeat(125))], [`pong ${'p'.repeat(125)}`]],
  ['a ping of 126 bytes', [ping('p'.repeat(126)), text('no')], fails(1002)],
  ['a ping of 125 bytes, byte by byte', [ping('p'.repeat(125))], [`pong ${'p'.repeat(125)}`], 1],
  ['a pong that nobody asked for', [{ opcode: PONG, payload: 'x' }, text('then')], ['text then']],
  ['such a pong, and a ping', [{ opcode: PONG }, ping('x')], ['pong x']],
  [
    'ten pings',
    Array.from({ length: 10 }, (_, n) => ping(`${n}`)),
    Array.from({ length: 10 }, (_, n) => `pong ${n}`),
  ],
  [
    'ten pings, byte by byte',
    Array.from({ length: 10 }, (_, n) => ping(`${n}`)),
    Array.from({ length: 10 }, (_, n) => `pong ${n}`),
    1,
  ],

  ...Array.from({ length: 7 }, (_, bits): Case => [
    `reserved bits ${bits + 1}`,
    [
      text('before'),
      { opcode: bits % 2 === 0 ? TEXT : PING, reserved: bits + 1, payload: 'x' },
      text('after'),
    ],
    ['text before', ...fails(1002)],
    bits > 3 ? 1 : undefined,
  ]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Case => [
    `the reserved opcode ${opcode}`,
    [text('before'), { opcode, payload: opcode % 2 === 0 ? '' : 'x' }, ping()],
    ['text before', ...fails(1002)],
  ]),
  ['a frame without a mask', [{ opcode: TEXT, payload: 'x', mask: undefined }], fails(1002)],

  ['a ping in fragments', [{ opcode: PING, payload: 'a', isFinal: false }, more('b', true)], fails(1002)],
  ['a pong in fragments', [{ opcode: PONG, payload: 'a', isFinal: false }, more('b', true)], fails(1002)],
  ['a text in two fragments', [text('one', false), more('two', true)], ['text onetwo']],
  ['the same, byte by byte', [text('one', false), more('two', true)], ['text onetwo'], 1],
  [
    'a ping between two fragments',
    [text('one', false), ping('p'), more('two', true)],
    ['pong p', 'text onetwo'],
  ],
  [
    'a ping between two fragments, byte by byte',
    [text('one', false), ping('p'), more('two', true)],
    ['pong p', 'text onetwo'],
    1,
  ],
  ['a last fragment without a first', [more('x', true), text('y')], fails(1002)],
  ['a middle fragment without a first', [more('x'), text('y')], fails(1002)],
  ['a last fragment after a whole message', [text('x'), more('y', true)], ['text x', ...fails(1002)]],
  ['a new text before the last fragment', [text('x', false), text('y')], fails(1002)],
  ['new binary before the last fragment', [text('x', false), { opcode: BINARY }], fails(1002)],
  [
    'five fragments with pings between them',
    [text('1', false), more('2'), ping('a'), more('3'), more('4'), ping('b'), more('5', true)],
    ['pong a', 'pong b', 'text 12345'],
  ],
  ['fragments without bytes', [text('', false), more(''), more('', true)], ['text ']],
  ['an empty fragment between others', [text('a', false), more(''), more('b', true)], ['text ab']],
  ['binary in fragments', [{ opcode: BINARY, payload: 'a', isFinal: false }, more('b', true)], ['binary ab']],
  [
    '64 fragments',
    [text('0', false), ...Array.from({ length: 62 }, () => more('1')), more('2', true)],
    [`text 0${'1'.repeat(62)}2`],
  ],
  [
    '65 fragments',
    [text('0', false), ...Array.from({ length: 63 }, () => more('1')), more('2', true)],
    fails(1008),
  ],

  ['text beyond ASCII', [text(`Hello-µ@ßöäüàá-UTF-8!! ${word}`)], [`text Hello-µ@ßöäüàá-UTF-8!! ${word}`]],
  ['the same, byte by byte', [text(word)], [`text ${word}`], 1],
  [
    'a character cut by fragments',
    [text(Buffer.from(word).subarray(0, 3), false), more(Buffer.from(word).subarray(3), true)],
    [`text ${word}`],
  ],
  [
    'a fragment for each byte',
    [text('', false), ...[...Buffer.from(word)].map((byte) => more(Buffer.from([byte]))), more('', true)],
    [`text ${word}`],
  ],
  ...[
    'f0 9f 98 80',
    'ef bf bf',
    'f4 8f bf bf',
    'ed 9f bf',
    'ee 80 80',
    'ef bf bd',
    '00',
    '7f',
    'c2 80',
    'df bf',
  ].map((hex): Case => [`the character ${hex}`, [text(bytesOf(hex))], [`text ${bytesOf(hex).toString()}`]]),
  ...[
    'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64',
    'f8 88 80 80 80',
    'fc 84 80 80 80 80',
    'f7 bf bf bf',
    'f4 90 80 80',
    '80',
    'bf',
    '80 bf 80 bf',
    'c0 20 c1 20',
    'e0 20',
    'f0 20',
    'c3',
    'e0 80',
    'f0 80 80',
    'ef bf',
    'f7 bf bf',
    'fe',
    'ff',
    'c0 af',
    'e0 80 af',
    'f0 80 80 af',
    'c1 bf',
    'e0 9f bf',
    'f0 8f bf bf',
    'ed a0 80',
    'ed ad bf',
    'ed be 80',
    'ed bf bf',
    'ed a0 80 ed b0 80',
  ].map((hex): Case => [`bytes that are no UTF-8: ${hex}`, [text(bytesOf(hex)), text('after')], fails(1007)]),
  ['no UTF-8 in the last fragment', [text(word, false), more(bytesOf('ed a0 80'), true)], fails(1007)],

  ['a close without a code', [{ opcode: CLOSE }, text('x')], ['close without a code', 'end']],
  ['a close with code and reason', [close(1000, 'Hello World!')], fails(1000)],
  ['a second close', [close(1000), close(1001)], fails(1000)],
  ['a ping after the close', [close(1000), ping()], fails(1000)],
  ['a close between fragments', [text('a', false), close(1000), more('b', true)], fails(1000)],
  ['a close of one byte', [{ opcode: CLOSE, payload: 'x' }], fails(1002)],
  ['a close with 123 bytes of reason', [close(1000, 'r'.repeat(123))], fails(1000)],
  ['a close with 124 bytes of reason', [close(1000, 'r'.repeat(124))], fails(1002)],
  ['a close with a reason that is no UTF-8', [close(1000, bytesOf('ce ba ed a0 80'))], fails(1007)],
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(
    (code): Case => [`close code ${code}`, [close(code)], fails(code)],
  ),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Case => [
    `the invalid close code ${code}`,
    [close(code)],
    fails(1002),
  ]),
  ['a text after a long silence of half a frame', [text('x'.repeat(300))], ['text 300 bytes'], 150],

  ['a message that is too long by one byte', [text('x'.repeat(MESSAGE_BYTES_MAX + 1))], fails(1009)],
  [
    'fragments that are too long together',
    [text('x'.repeat(MESSAGE_BYTES_MAX), false), more('y', true)],
    fails(1009),
  ],
  [
    'a length of 2^63',
    [Buffer.concat([bytesOf('81 ff 80 00 00 00 00 00 00 00'), Buffer.alloc(4)])],
    fails(1009),
  ],
];

describe('a WebSocket of ours', () => {
  it.each(cases.map((one) => [one[0], one] as const))('answers %s', async (_title, one) => {
    const [, sent, said, piece = Infinity] = one;
    const client = new Client();
    const bytes = Buffer.concat(sent.map((part) => (Buffer.isBuffer(part) ? part : clientFrame(part))));
    client.socket.setNoDelay();
    for (let at = 0; at < bytes.length; at += piece) {
      client.socket.write(bytes.subarray(at, at + piece));
      if (piece !== Infinity) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.saying(said.length)).toEqual(said);
    client.socket.destroy();
  });

  it('reads what came together with the handshake', async () => {
    const client = new Client(HANDSHAKE, clientFrame({ opcode: TEXT, payload: 'early' }));
    expect(await client.saying(1)).toEqual(['text early']);
    client.socket.destroy();
  });

  it('answers the handshake as RFC 6455 has it, names the first protocol, and takes no extension', async () => {
    const offers = ['Sec-WebSocket-Protocol: one, two', 'Sec-WebSocket-Extensions: permessage-deflate'];
    const client = new Client([...HANDSHAKE, ...offers], clientFrame({ opcode: PING }));
    await client.saying(1);
    expect(client.response.split('\r\n')).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'Sec-WebSocket-Protocol: one',
    ]);
    client.socket.destroy();
  });

  it.each([
    ['another method', HANDSHAKE.with(0, 'POST / HTTP/1.1'), 405, 'method'],
    ['a key that is none', HANDSHAKE.with(5, 'Sec-WebSocket-Key: short'), 400, 'bad_request'],
    ['no key', HANDSHAKE.slice(0, 5), 400, 'bad_request'],
    ['another version', HANDSHAKE.with(4, 'Sec-WebSocket-Version: 12'), 426, 'websocket_wanted'],
    ['protocols that are none', [...HANDSHAKE, 'Sec-WebSocket-Protocol: a b'], 400, 'bad_request'],
  ])('refuses %s', async (_what, lines, status, code) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const [head, body] = (await readAll(socket)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head!.includes('Sec-WebSocket-Version: 13')).toBe(status === 426);
    expect(JSON.parse(body!)).toEqual({
      error: code,
      message: expect.stringContaining('WebSocket') as string,
    });
  });

  it('tells faults, signs of life and mistakes of ours, and ends', async () => {
    const client = new Client();
    client.socket.write(clientFrame({ opcode: PING }));
    await client.saying(1);
    client.socket.write(clientFrame({ opcode: TEXT, payload: 'a mistake' }));
    expect(await client.saying(2)).toEqual(['pong ', 'close 1011']);
    client.socket.write(clientFrame({ opcode: CLOSE, payload: closePayload(1011) }));
    expect(await client.saying(3)).toEqual(['pong ', 'close 1011', 'end']);
    client.socket.end();
    while (!events.includes('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(events).toEqual(['sign of life', 'ours', 'closed']);
  });

  it('reads on once it is being closed, where only the turn is over and nothing is owed', async () => {
    const client = new Client();
    client.socket.write(clientFrame({ opcode: TEXT, payload: 'a mistake' }));
    await client.saying(1);
    comes = () => NEXT_TURN_MS;
    client.socket.write(clientFrame({ opcode: CLOSE, payload: closePayload(1011) }));
    client.socket.end();
    while (!events.includes('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([events, closeCode]).toEqual([['ours', 'closed'], 1011]);
  });

  it('reads nothing while something is owed, and then all of it in order', async () => {
    const asked: number[] = [];
    comes = (bytes) => {
      asked.push(bytes);
      return asked.length < 4 ? 5 : 0;
    };
    const frames = ['one', 'two', 'x'.repeat(100_000), 'three'].map((payload) =>
      clientFrame({ opcode: TEXT, payload }),
    );
    const client = new Client();
    client.socket.write(Buffer.concat(frames));
    expect(await client.saying(4)).toEqual(['text one', 'text two', 'text 100000 bytes', 'text three']);
    // The same bytes were asked for again, and nothing behind them.
    expect(asked.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => asked[0]));
    client.socket.destroy();
  });

  it('notices that a client goes while its bytes wait', async () => {
    comes = (bytes) => (bytes > 50 ? 60_000 : 0);
    const client = new Client();
    client.socket.write(clientFrame({ opcode: PING }));
    await client.saying(1);
    client.socket.write(clientFrame({ opcode: TEXT, payload: 'x'.repeat(100) }));
    client.socket.destroy();
    while (!events.includes('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it.each([
    ['we close it', clientFrame({ opcode: TEXT, payload: 'a mistake' }), 'close 1011'],
    ['it closes itself', clientFrame({ opcode: CLOSE, payload: closePayload(1000) }), 'close 1000'],
  ])('reads little of a flood once %s', async (_who, last, said) => {
    let readBytes = 0;
    comes = (bytes) => {
      readBytes += bytes;
      return 0;
    };
    const client = new Client();
    client.socket.write(last);
    await client.saying(1);
    readBytes = 0;
    const flood = Buffer.concat(
      Array.from({ length: 460 }, () => clientFrame({ opcode: PONG, payload: 'x'.repeat(125) })),
    );
    const pour = (): void => {
      while (!client.socket.destroyed && client.socket.writable && client.socket.write(flood));
    };
    client.socket.on('drain', pour);
    pour();
    while (!events.includes('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.said[0]).toBe(said);
    expect(readBytes).toBeLessThan(500_000);
    client.socket.destroy();
  });
});
