// Every parser of what strangers send, and of files and settings, with what must hold of its answers. Long because it is one list.
import { SettingsError } from '@relay-swarm/kit';
import { readSettings } from '@relay-swarm/kit/settings';
import { addressBytes, addressText, limitKey, withoutMapping } from '@relay-swarm/net/ip';
import { readOrigin } from '@relay-swarm/net/origins';
import { isPublicAddress, isNetwork } from '@relay-swarm/net/special-networks';
import { decodeDescriptor, descriptorText } from '@relay-swarm/protocol/descriptor';
import {
  isGraffitiProof,
  readGraffitiHello,
  readGraffitiRequest,
  readGraffitiSignature,
} from '@relay-swarm/protocol/graffiti';
import { readMeshRequest } from '@relay-swarm/protocol/mesh';
import { readMeshReply, writeMeshRequest } from '@relay-swarm/protocol/mesh-member';
import {
  readLinkFrame,
  readPacket,
  readStatus,
  writeLinkFrame,
  writePacket,
} from '@relay-swarm/protocol/mesh-packet';
import { readRoute } from '@relay-swarm/protocol/mesh-route';
import { decodeRelayMessage, encodeRelayMessage } from '@relay-swarm/protocol/relay-message';
import { decodeRoster } from '@relay-swarm/protocol/roster';
import { readServiceHealth } from '@relay-swarm/protocol/service-health';
import { findInfo } from '@relay-swarm/protocol/torrent-info';
import { readFrame, isRefused } from '../../gun/src/frame.ts';
import { readIceServers } from '../../packages/client/src/ice-servers.ts';
import { readMeeting } from '../../packages/client/src/magnet.ts';
import { readRemembered } from '../../packages/client/src/roster-cache.ts';
import { readEnvelope, writeEnvelope } from '../../packages/mesh/src/envelope.ts';
import { readPlainHead, type PlainHead } from '../../packages/net/src/request-head.ts';
import { readMessage } from '../../peerjs/src/signaling/message.ts';
import { peerjsSettings, checkPeerjsSettings } from '../../peerjs/src/settings.ts';
import { readProxyHeader } from '../../stun/src/listeners/proxy-protocol.ts';
import { StreamFramer } from '../../stun/src/listeners/stream-framer.ts';
import { checkSettings, settings as stunSettings } from '../../stun/src/settings.ts';
import { MessageReader as StunReader } from '../../stun/src/stun/message-reader.ts';
import { readAnnounceQuery, readScrapeQuery } from '../../tracker/src/frontends/http/query.ts';
import { readAnnounce, readHeader, readScrape } from '../../tracker/src/frontends/udp/packets.ts';
import { MessageReader } from '../../tracker/src/frontends/webtorrent/reader.ts';
import { trackerSettings } from '../../tracker/src/settings.ts';
import type { Socket } from 'node:net';
import { orRefusal, same, shapeOf, type Parser } from './parser.ts';

const utf8 = (input: Buffer): string => input.toString('utf8');

/** A reader of text that refuses with ProtocolError; what it reads must be read again the same from its own JSON. */
const ofJson = <T>(name: string, read: (text: string) => T, write: (value: T) => string): Parser => ({
  name,
  read: (input) =>
    orRefusal(
      () => read(utf8(input)),
      (value) => {
        same('read again', read(write(value)), value);
        return shapeOf(value);
      },
    ),
});

/** The same for bytes. */
const ofBytes = <T>(name: string, read: (bytes: Buffer) => T, write: (value: T) => Uint8Array): Parser => ({
  name,
  read: (input) =>
    orRefusal(
      () => read(input),
      (value) => {
        same('read again', read(Buffer.from(write(value))), value);
        return shapeOf(value);
      },
    ),
});

const ofSettings = (name: string, read: (env: Record<string, string>) => unknown): Parser => ({
  name,
  read: (input) => {
    const env = Object.fromEntries(
      utf8(input)
        .split('\n')
        .map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]),
    );
    try {
      return shapeOf(read(env), 1);
    } catch (error) {
      if (error instanceof SettingsError) return error.message;
      throw error;
    }
  },
});

const webTorrentReader = new MessageReader();
const describeMessage = (message: ReturnType<MessageReader['read']>): unknown =>
  message && JSON.parse(JSON.stringify({ ...message, frame: undefined, bytes: undefined }));

const webTorrent: Parser = {
  name: 'tracker-webtorrent',
  read: (input) => {
    const frame = Buffer.from(utf8(input)); // WebSocket text is UTF-8 by then
    const isObject = isJsonObject(frame);
    const fast = webTorrentReader.read(frame);
    if ((fast !== undefined) !== isObject) throw new Error(`JSON says ${isObject}, the reader the opposite`);
    return shapeOf(describeMessage(fast));
  },
};

function isJsonObject(frame: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(frame.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const stunReader = new StunReader();
const stunMessage: Parser = {
  name: 'stun-message',
  read: (input) => {
    const isRead = stunReader.read(input, 0, input.length);
    if (!isRead) return 'no message';
    const found: string[] = [];
    for (const type of [0x01, 0x06, 0x08, 0x0c, 0x0d, 0x12, 0x13, 0x14, 0x15, 0x19, 0x1c, 0x22, 0x8028]) {
      const at = stunReader.find(type);
      if (at < 0) continue;
      const end = stunReader.valueStart(at) + stunReader.valueLength(at);
      if (end > input.length) throw new Error(`attribute ${type} ends past the message`);
      found.push(type.toString(16), String(stunReader.xorAddress(at) !== undefined));
    }
    return [stunReader.method, stunReader.class, stunReader.hasUnknown, ...found]
      .join(' x')
      .replace(/\d/g, (d) => 'abcdefghij'[Number(d)]!);
  },
};

const stunStream: Parser = {
  name: 'stun-stream',
  read: (input) => {
    const messagesOf = (chunks: readonly Buffer[]): string[] => {
      const messages: string[] = [];
      const framer = new StreamFramer(
        (data, start, end) => messages.push(data.toString('hex', start, end)),
        () => false,
      );
      const isFine = chunks.every((chunk) => framer.push(chunk));
      return isFine ? messages : [...messages, 'refused'];
    };
    const whole = messagesOf([input]);
    const middle = input.length >> 1;
    same('cut in two', messagesOf([input.subarray(0, middle), input.subarray(middle)]), whole);
    return `${'m'.repeat(Math.min(whole.length, 20))} ${whole.at(-1) === 'refused'}`;
  },
};

const udpAnnounce: Parser = {
  name: 'tracker-udp',
  read: (packet) => {
    const header = readHeader(packet);
    if (header?.action === 'announce') return `announce ${shapeOf(readAnnounce(packet, '192.0.2.1', 1))}`;
    if (header?.action === 'scrape') return `scrape ${shapeOf(readScrape(packet))}`;
    return shapeOf(header);
  },
};

const addresses: Parser = {
  name: 'addresses',
  read: (input) => {
    const text = utf8(input);
    const bytes = addressBytes(text);
    const facts = [isNetwork(text), readOrigin(text) !== undefined, withoutMapping(text) === text];
    if (bytes === undefined) return `none ${facts.join()}`;
    same('text and bytes', [...(addressBytes(addressText(bytes)) ?? [])], [...bytes]);
    limitKey(text);
    return `${'b'.repeat(bytes.length)} ${isPublicAddress(text)} ${facts.join()}`;
  },
};

export const parsers: readonly Parser[] = [
  webTorrent,
  {
    name: 'graffiti',
    read: (input) => {
      const text = utf8(input);
      const begins = [
        isGraffitiProof(text),
        readGraffitiHello(text)?.length,
        readGraffitiSignature(text)?.length,
      ];
      return `${begins.join()} ${JSON.stringify(readGraffitiRequest(text, 400)).slice(0, 120)}`;
    },
  },
  { name: 'tracker-http-announce', read: (input) => shapeOf(readAnnounceQuery(utf8(input), '192.0.2.1')) },
  { name: 'tracker-http-scrape', read: (input) => shapeOf(readScrapeQuery(utf8(input))) },
  udpAnnounce,
  stunMessage,
  stunStream,
  {
    name: 'proxy-protocol',
    read: (input) => {
      const header = readProxyHeader(input);
      if (typeof header === 'object' && header.bytes > input.length) throw new Error('longer than what came');
      return shapeOf(header);
    },
  },
  {
    name: 'peerjs',
    read: (input) => shapeOf(readMessage(utf8(input), 64)),
  },
  {
    name: 'gun',
    read: (input) => {
      const messages = readFrame(utf8(input), 0);
      return messages
        .slice(0, 3)
        .map((one) => (isRefused(one) ? 'refused' : shapeOf(one)))
        .join();
    },
  },
  ofJson('relay-message', decodeRelayMessage, encodeRelayMessage),
  {
    name: 'descriptor',
    read: (input) =>
      orRefusal(
        () => decodeDescriptor(utf8(input)),
        (value) => `${descriptorText(value).length > 0} ${shapeOf(value)}`,
      ),
  },
  ofJson('roster', decodeRoster, JSON.stringify),
  {
    name: 'service-health',
    read: (input) => {
      if (!isJsonObject(input)) return 'no JSON';
      return shapeOf(readServiceHealth(JSON.parse(utf8(input))));
    },
  },
  ofJson('mesh-request', readMeshRequest, writeMeshRequest),
  ofJson('mesh-reply', readMeshReply, JSON.stringify),
  ofBytes('mesh-packet', readPacket, writePacket),
  ofBytes('mesh-link-frame', readLinkFrame, writeLinkFrame),
  { name: 'mesh-status', read: (input) => orRefusal(() => readStatus(input), shapeOf) },
  {
    name: 'mesh-route',
    read: (input) =>
      orRefusal(
        () => readRoute(input, 1_000),
        (branches) => 'b'.repeat(Math.min(9, branches.length)),
      ),
  },
  ofBytes('mesh-envelope', readEnvelope, writeEnvelope),
  { name: 'torrent-info', read: (input) => shapeOf(findInfo(input)) },
  { name: 'client-ice-servers', read: (input) => answered(() => readIceServers(utf8(input))) },
  { name: 'client-magnet', read: (input) => answered(() => readMeeting(utf8(input))) },
  {
    name: 'client-remembered',
    read: (input) => shapeOf(readRemembered({ getItem: () => utf8(input), setItem: () => undefined })),
  },
  { name: 'request-head', read: readHead },
  addresses,
  ofSettings('tracker-settings', (env) => readSettings(env, trackerSettings)),
  ofSettings('peerjs-settings', (env) => readSettings(env, peerjsSettings, checkPeerjsSettings)),
  ofSettings('stun-settings', (env) => readSettings(env, stunSettings, checkSettings)),
];

/** What was read, written as it was read, is read again the same. */
function readHead(input: Buffer): string {
  const read = (bytes: Buffer): PlainHead | undefined => readPlainHead(bytes, 8_192, {} as Socket);
  const head = read(input);
  if (head === undefined) return 'left to Node';
  const { url, headers, bytes } = head;
  if (bytes > input.length) throw new Error(`read ${bytes} bytes of ${input.length}`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  const again = read(Buffer.from(`GET ${url} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'));
  same('read again', [again?.url, again?.headers], [url, headers]);
  return Object.keys(headers).sort().join(' ');
}

/** For what is told to a page by an Error with a sentence; a TypeError or RangeError is our mistake. */
function answered(read: () => unknown): string {
  try {
    return shapeOf(read());
  } catch (error) {
    const isOurs =
      error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    if (isOurs || !(error instanceof Error)) throw error;
    return error.message;
  }
}
