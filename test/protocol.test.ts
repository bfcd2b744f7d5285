// The conversations of docs/protocol.md, played with the real services as they stand there.
import { decodeRelayMessage, decodeRoster, RELAY_ACTIONS } from '@relay-swarm/protocol';
import { createHash, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { WebSocket } from 'ws';
import { startService as startPeerjs } from '../peerjs/test/support/service.ts';
import { startService as startStun } from '../stun/test/support/service.ts';
import { startTracker } from '../tracker/test/support/tracker.ts';
import { freePort } from '../scripts/lib/free-port.mjs';
import { snippet } from './support/snippets.ts';

const PAGE = 'docs/protocol.md';

/** What a signature of this conversation stands on. */
type SignedText = (challenge: string, origin: string) => string;
const SIGNED: Readonly<Record<string, SignedText>> = {
  graffiti: (challenge, origin) => `relay-swarm graffiti hello 1\n${challenge}\n${origin}`,
  mesh: (challenge, origin) => `relay-swarm mesh join 1\n${challenge}\n${'cd'.repeat(32)}\n${origin}`,
};

class Client {
  readonly #key: KeyObject;
  readonly publicKey: string;
  readonly peerId: string;
  challenge = '';
  socket: WebSocket | undefined;
  readonly #inbox: string[] = [];
  #heard: (() => void) | undefined;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    this.publicKey = raw.toString('hex');
    this.peerId = createHash('sha256').update(raw).digest('hex');
  }

  async open(url: string): Promise<void> {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data: Buffer) => this.#hears(data.toString()));
    await new Promise((resolve, reject) => this.socket!.once('open', resolve).once('error', reject));
  }

  async ask(url: string): Promise<void> {
    const answer = await fetch(url);
    this.#hears(`${answer.status} ${await answer.text()}`);
  }

  async next(): Promise<string> {
    while (this.#inbox.length === 0) await new Promise<void>((resolve) => (this.#heard = resolve));
    return this.#inbox.shift()!;
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#key).toString('hex');
  }

  #hears(text: string): void {
    this.#inbox.push(text);
    this.#heard?.();
  }
}

/** `"…"` is any text, `…` alone anything. */
function pattern(expected: string): RegExp {
  const literal = expected.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  return new RegExp(
    `^${literal.replaceAll('"…"', '"(?:[^"\\\\]|\\\\.)*"').replaceAll(':…', ':\\d+').replaceAll('…', '.*')}$`,
    's',
  );
}

/** The members of objects have no order. */
function sorted(text: string): string {
  if (!text.startsWith('{')) return text;
  const order = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(order)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([one], [two]) => (one < two ? -1 : 1))
              .map(([name, inner]) => [name, order(inner)]),
          )
        : value;
  // A number that may be any is no JSON.
  const json = text.replaceAll(':…', ':"any number"');
  return JSON.stringify(order(JSON.parse(json))).replaceAll(':"any number"', ':…');
}

/** Plays a conversation to its end; each line that is received must be as it stands there. */
async function play(name: string, base: string, path?: string): Promise<void> {
  const clients = new Map<string, Client>();
  const known = (who: string): Client => {
    if (!clients.has(who)) clients.set(who, new Client());
    return clients.get(who)!;
  };
  const fill = (text: string, client: Client): string =>
    text
      .replace(/<public key of (\w)>/g, (_all, who: string) => known(who).publicKey)
      .replace(/<peer id of (\w)>/g, (_all, who: string) => known(who).peerId)
      .replace('<signature>', () => client.sign(SIGNED[name]!(client.challenge, base)));
  try {
    for (const line of snippet(PAGE, name).trim().split('\n')) {
      const [, who = '', verb, rest = ''] = /^(\w) (>|<|opens) (.*)$/.exec(line) ?? [];
      const client = known(who);
      const mustOpen = client.socket === undefined && path !== undefined && !rest.startsWith('GET ');
      if (verb === 'opens') await client.open(base + rest);
      else if (mustOpen && !/^\d{3} /.test(rest)) await client.open(base + path);
      if (verb === '>' && rest.startsWith('GET '))
        await client.ask(base.replace('ws:', 'http:') + rest.slice(4));
      else if (verb === '>') client.socket!.send(fill(rest, client));
      else if (verb === '<') {
        const said = await client.next();
        if (rest.includes('<challenge>'))
          client.challenge = (JSON.parse(said) as { challenge: string }).challenge;
        const wanted = fill(rest, client).replace('<challenge>', client.challenge);
        const isJson = said.startsWith('{') && wanted.startsWith('{');
        expect(isJson ? sorted(said) : said).toMatch(pattern(isJson ? sorted(wanted) : wanted));
      }
    }
  } finally {
    for (const { socket } of clients.values()) socket?.terminate();
  }
}

describe('the conversations of docs/protocol.md', () => {
  let tracker: Awaited<ReturnType<typeof startTracker>>;
  let peerjs: Awaited<ReturnType<typeof startPeerjs>>;
  let udpPort: number;
  beforeAll(async () => {
    const port = await freePort();
    udpPort = await freePort();
    tracker = await startTracker({
      TRACKER_PORT: String(port),
      TRACKER_PUBLIC_URL: `ws://127.0.0.1:${port}`,
      TRACKER_UDP_PORT: String(udpPort),
      TRACKER_HOST: '127.0.0.1',
      RELAY_ALLOW_PRIVATE: 'true',
      TRACKER_DHT_ENABLED: 'false',
    });
    peerjs = await startPeerjs({ PEERJS_HOST: '127.0.0.1' });
  });
  afterAll(async () => {
    await tracker.stop();
    await peerjs.stop();
  });

  it.each(['webtorrent', 'graffiti', 'graffiti-proof', 'http-announce'])('%s', async (name) => {
    await play(name, tracker.url, '/');
  });

  it('peerjs', async () => {
    await play('peerjs', `ws://127.0.0.1:${peerjs.port}`);
  });

  it('mesh', async () => {
    await play('mesh', `ws://127.0.0.1:${peerjs.port}`, '/mesh');
  });

  it('udp', async () => {
    const socket = createSocket('udp4');
    const ask = (hex: string): Promise<string> =>
      new Promise((resolve) => {
        socket.once('message', (answer) => resolve(answer.toString('hex')));
        socket.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'), udpPort, '127.0.0.1');
      });
    /** What stands behind `verb >` or, on the next line, `<`, up to the first field with a name. */
    const told = (verb: string, sign: '>' | '<'): string => {
      const lines = snippet(PAGE, 'udp').split('\n');
      const at = lines.findIndex((line) => line.startsWith(verb)) + (sign === '<' ? 1 : 0);
      return /[<>] ([\da-f ]+)/.exec(lines[at]!)![1]!.replaceAll(' ', '');
    };
    try {
      const connected = await ask(told('connect', '>'));
      expect(connected.slice(0, 16)).toBe(told('connect', '<'));
      const id = connected.slice(16);
      const hash = '61'.repeat(20);
      const rest = `${hash}${'62'.repeat(20)}${'00'.repeat(24)}00000002${'00'.repeat(8)}ffffffff1ae1`;
      const announced = await ask(`${id}000000010badcaff${rest}`);
      expect([announced.slice(0, 16), announced.length]).toEqual([told('announce', '<'), 40]);
      const scraped = await ask(`${id}000000020badcb00${hash}`);
      expect([scraped.slice(0, 16), scraped.length]).toEqual([told('scrape', '<').slice(0, 16), 40]);
    } finally {
      socket.close();
    }
  });

  it('the roster', async () => {
    const example = snippet(PAGE, 'relays.json');
    expect(decodeRoster(example)).toEqual(JSON.parse(example));
    const real = await (await fetch(`${tracker.url.replace('ws', 'http')}/relays.json`)).json();
    const wanted = JSON.parse(example) as Record<string, unknown>;
    expect(Object.keys(real as object).sort()).toEqual(Object.keys(wanted).sort());
  });

  it('relay to relay: every message, as relays read it', () => {
    const filled = (text: string): string =>
      text.replace(/<(\d+) hex>/g, (_all, chars: string) => 'ab'.repeat(Number(chars) / 2));
    const parts = JSON.parse(filled(snippet(PAGE, 'relay-parts.json'))) as Record<string, unknown>;
    const messages = snippet(PAGE, 'relay-messages')
      .trim()
      .split('\n')
      .map((line) => filled(line.slice('D > '.length)))
      .map((line) => line.replace(/<(\w+)>/g, (_all, part: string) => JSON.stringify(parts[part])));
    const read = messages.map(decodeRelayMessage);
    expect([...new Set(read.map(({ action }) => action))].sort()).toEqual([...RELAY_ACTIONS].sort());
    // Nothing stands there that nobody reads.
    for (const [at, message] of read.entries())
      if (message.action !== 'have') expect(message).toEqual(JSON.parse(messages[at]!));
  });

  it('the STUN and TURN servers', async () => {
    interface Answer {
      readonly iceServers: readonly { readonly username?: string; readonly credential?: string }[];
      readonly expiresAt: string;
    }
    const example = JSON.parse(snippet(PAGE, 'ice-servers.json')) as Answer;
    const stun = await startStun({ secret: 'north' });
    try {
      const real: Answer = await stun.iceServers();
      for (const { iceServers, expiresAt } of [example, real]) {
        const { username = '', credential } = iceServers[1]!;
        expect(createHmac('sha1', 'north').update(username).digest('base64')).toBe(credential);
        expect(Date.parse(expiresAt)).toBe(Number(username.split(':')[0]) * 1000);
      }
      expect(Object.keys(real).sort()).toEqual(Object.keys(example).sort());
    } finally {
      await stun.stop();
    }
  });
});
