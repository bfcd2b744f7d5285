// The datagrams of the UDP tracker protocol (BEP 15): readers of requests, writers of responses. Pure.
import { IPV6_ENDPOINT_BYTES, joinEndpoints } from '../../swarm/endpoint.ts';
import {
  IP_SCRAPE_HASHES_MAX,
  type Counts,
  type IpAnnounceRequest,
  type IpAnnounced,
} from '../ip-announce.ts';
import { ID_CHARS } from '../webtorrent/ids.ts';

const ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const;
/** What a client sends before it has a connection id. */
const PROTOCOL_ID = 0x417_2710_1980n;
const HEADER_BYTES = 16;
const ANNOUNCE_BYTES = 98;
const ANNOUNCED_BYTES = 20;
/** So many peers that no path has to split the datagram (RFC 8200 §5: IPv6 needs 1280 bytes, headers included). */
export const PEERS6_MAX = Math.floor((1_232 - ANNOUNCED_BYTES) / IPV6_ENDPOINT_BYTES);
/** 4 is what some clients send for "paused" (BEP 21). */
const EVENTS = ['update', 'completed', 'started', 'stopped', 'update'] as const;
/** "As many as the tracker likes." */
const NUMWANT_ANY = -1;

export interface UdpHeader {
  readonly action: 'connect' | 'announce' | 'scrape';
  readonly transactionId: number;
  /** Undefined in a connect. */
  readonly connectionId: bigint;
}

/** Undefined where the datagram is no request of this protocol, or too short for what it asks. */
export function readHeader(packet: Buffer): UdpHeader | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const connectionId = packet.readBigUInt64BE(0);
  const action = packet.readUInt32BE(8);
  const transactionId = packet.readUInt32BE(12);
  if (action === ACTION.announce)
    return packet.length < ANNOUNCE_BYTES ? undefined : { action: 'announce', transactionId, connectionId };
  if (action === ACTION.connect)
    return connectionId === PROTOCOL_ID ? { action: 'connect', transactionId, connectionId } : undefined;
  if (action !== ACTION.scrape || packet.length < HEADER_BYTES + ID_CHARS) return undefined;
  return { action: 'scrape', transactionId, connectionId };
}

/** Reads what follows the header of an announce; undefined where its event is none. The address that it names is not looked at. */
export function readAnnounce(
  packet: Buffer,
  address: string,
  sourcePort: number,
): IpAnnounceRequest | undefined {
  const event = EVENTS[packet.readUInt32BE(80)];
  if (event === undefined) return undefined;
  const numwant = packet.readInt32BE(92);
  return {
    infoHash: packet.toString('latin1', 16, 36),
    peerId: packet.toString('latin1', 36, 56),
    address,
    port: packet.readUInt16BE(96) || sourcePort,
    event,
    // All 64 bits count: 4 GiB left is not "nothing left".
    isSeeder: packet.readBigUInt64BE(64) === 0n,
    numwant: numwant <= NUMWANT_ANY ? undefined : numwant,
    wantsBothFamilies: false,
  };
}

/** Undefined where there are too many, or a part of one. */
export function readScrape(packet: Buffer): string[] | undefined {
  const count = (packet.length - HEADER_BYTES) / ID_CHARS;
  if (!Number.isInteger(count) || count > IP_SCRAPE_HASHES_MAX) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const start = HEADER_BYTES + index * ID_CHARS;
    return packet.toString('latin1', start, start + ID_CHARS);
  });
}

export function writeConnected(transactionId: number, connectionId: bigint): Buffer {
  const packet = Buffer.alloc(16);
  packet.writeUInt32BE(ACTION.connect, 0);
  packet.writeUInt32BE(transactionId, 4);
  packet.writeBigUInt64BE(connectionId, 8);
  return packet;
}

/** IpPeers of the asker's own family follow the numbers: the datagram has no room for telling two families apart. */
export function writeAnnounced(transactionId: number, answer: IpAnnounced): Buffer {
  const { peers6 } = answer;
  const peers =
    joinEndpoints(answer.peers4) +
    joinEndpoints(peers6.length > PEERS6_MAX ? peers6.slice(0, PEERS6_MAX) : peers6);
  const packet = Buffer.allocUnsafe(ANNOUNCED_BYTES + peers.length);
  packet.writeUInt32BE(ACTION.announce, 0);
  packet.writeUInt32BE(transactionId, 4);
  packet.writeUInt32BE(answer.intervalSeconds, 8);
  packet.writeUInt32BE(answer.incomplete, 12);
  packet.writeUInt32BE(answer.complete, 16);
  packet.write(peers, ANNOUNCED_BYTES, 'latin1');
  return packet;
}

export function writeScraped(transactionId: number, files: readonly Counts[]): Buffer {
  const packet = Buffer.alloc(8 + 12 * files.length);
  packet.writeUInt32BE(ACTION.scrape, 0);
  packet.writeUInt32BE(transactionId, 4);
  for (const [index, { complete, downloaded, incomplete }] of files.entries()) {
    packet.writeUInt32BE(complete, 8 + 12 * index);
    packet.writeUInt32BE(downloaded, 12 + 12 * index);
    packet.writeUInt32BE(incomplete, 16 + 12 * index);
  }
  return packet;
}

export function writeError(transactionId: number, reason: string): Buffer {
  const packet = Buffer.alloc(8 + Buffer.byteLength(reason));
  packet.writeUInt32BE(ACTION.error, 0);
  packet.writeUInt32BE(transactionId, 4);
  packet.write(reason, 8);
  return packet;
}
