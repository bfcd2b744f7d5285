import fc from 'fast-check';
import { AddressRates } from '@relay-swarm/net';
import { packEndpoint } from '../../../src/swarm/endpoint.ts';
import { IpPeerTable } from '../../../src/swarm/ip-peer-table.ts';
import { IpAnnounce } from '../../../src/frontends/ip-announce.ts';
import { SwarmTable } from '../../../src/swarm/swarm-table.ts';
import { ConnectionIds } from '../../../src/frontends/udp/connection-ids.ts';
import { PEERS6_MAX } from '../../../src/frontends/udp/packets.ts';
import { UdpTracker } from '../../../src/frontends/udp/udp-tracker.ts';
import { id, plenty } from '../../support/links.ts';

const PROTOCOL_ID = 0x41727101980n;
const KEY = Buffer.alloc(32, 7);

function create(rate = { perSecond: 1000, burst: 1000 }) {
  const state = { rejectsNewcomers: false };
  const swarms = new SwarmTable({
    swarmsMax: 1000,
    swarmsPerLinkMax: 10,
    peersMax: 1e6,
    peersPerAddressMax: 1e6,
  });
  const ipPeers = new IpPeerTable(swarms, { peersMax: 1000, peersPerAddressMax: 1000 }, plenty());
  const tracker = new IpAnnounce({
    swarms,
    ipPeers,
    rates: new AddressRates(rate, 100),
    intervalSeconds: 900,
    randomInt: (limit) => Math.floor(Math.random() * limit),
    refuse: (infoHash) => (infoHash === id('denied') ? 'This info_hash is not served here' : undefined),
    rejectsNewcomers: () => state.rejectsNewcomers,
  });
  return { swarms, ipPeers, state, tracker, udp: new UdpTracker(tracker, new ConnectionIds(KEY)) };
}
type Tracker = ReturnType<typeof create>;

const connect = (transactionId = 0xdeadbeef, magic = PROTOCOL_ID): Buffer => {
  const packet = Buffer.alloc(16);
  packet.writeBigUInt64BE(magic, 0);
  packet.writeUInt32BE(transactionId, 12);
  return packet;
};
const header = (connectionId: bigint, action: number, transactionId = 0xdeadbeef): Buffer => {
  const packet = Buffer.alloc(16);
  packet.writeBigUInt64BE(connectionId, 0);
  packet.writeUInt32BE(action, 8);
  packet.writeUInt32BE(transactionId, 12);
  return packet;
};
interface Announce {
  torrent?: string;
  peer?: string;
  left?: bigint;
  event?: number;
  ip?: number;
  numwant?: number;
  port?: number;
}
const announce = (connectionId: bigint, fields: Announce = {}): Buffer => {
  const body = Buffer.alloc(82);
  body.write(id(fields.torrent ?? 'torrent'), 0, 'latin1');
  body.write(id(fields.peer ?? 'peer'), 20, 'latin1');
  body.writeBigUInt64BE(fields.left ?? 1n, 48);
  body.writeUInt32BE(fields.event ?? 0, 64);
  body.writeUInt32BE(fields.ip ?? 0, 68);
  body.writeInt32BE(fields.numwant ?? -1, 76);
  body.writeUInt16BE(fields.port ?? 6881, 80);
  return Buffer.concat([header(connectionId, 1), body]);
};
const scrape = (connectionId: bigint, ...torrents: string[]): Buffer =>
  Buffer.concat([header(connectionId, 2), ...torrents.map((name) => Buffer.from(id(name), 'latin1'))]);

class UdpClient {
  readonly tracker: Tracker;
  readonly address: string;
  nowMs = 0;
  connectionId: bigint;
  constructor(tracker: Tracker, address = '192.0.2.1') {
    this.tracker = tracker;
    this.address = address;
    this.connectionId = this.send(connect())!.readBigUInt64BE(8);
  }
  send(packet: Buffer, port = 40_000): Buffer | undefined {
    return handle(this.tracker, packet, this.address, port, this.nowMs);
  }
  announce(fields: Announce = {}, port?: number) {
    const reply = this.send(announce(this.connectionId, fields), port);
    if (reply === undefined) return { error: 'no answer' };
    if (reply.readUInt32BE(0) === 3) return { error: reply.toString('utf8', 8) };
    expect(reply.readUInt32BE(0)).toBe(1);
    expect(reply.readUInt32BE(4)).toBe(0xdeadbeef);
    const [interval, incomplete, complete] = [8, 12, 16].map((at) => reply.readUInt32BE(at));
    return { interval, incomplete, complete, peers: reply.subarray(20) };
  }
}
/** Without a cluster every answer comes at once. */
const handle = ({ udp }: Tracker, ...packet: Parameters<Tracker['udp']['handle']>): Buffer | undefined =>
  udp.handle(...packet) as Buffer | undefined;
const isError = (reply: Buffer | undefined): boolean => reply?.readUInt32BE(0) === 3;

describe('the UDP tracker', () => {
  it('gives no answer to port 0, which a forged datagram may come from and nothing can be sent to', () => {
    const { udp } = create();
    expect(udp.handle(connect(), '192.0.2.1', 0, 0)).toBeUndefined();
    expect(udp.counts).toMatchObject({ connects: 0, ignored: 1 });
  });

  it('answers a connect with the transaction id and a connection id', () => {
    const reply = handle(create(), connect(0x01020304), '192.0.2.1', 1, 0)!;
    expect(reply).toHaveLength(16);
    expect(reply.subarray(0, 8).toString('hex')).toBe('0000000001020304');
    expect(reply.readBigUInt64BE(8)).not.toBe(PROTOCOL_ID);
  });

  it('counts a host and names it to others of its family', () => {
    const tracker = create();
    const [one, two, six] = [
      new UdpClient(tracker),
      new UdpClient(tracker, '192.0.2.2'),
      new UdpClient(tracker, '2001:db8::1'),
    ];
    expect(one.announce({ left: 0n })).toEqual({
      interval: 900,
      complete: 1,
      incomplete: 0,
      peers: Buffer.alloc(0),
    });
    expect(six.announce()).toMatchObject({ complete: 1, incomplete: 1, peers: Buffer.alloc(0) });
    const heard = two.announce({ port: 7000 });
    expect(heard).toMatchObject({ complete: 1, incomplete: 2 });
    expect(heard.peers).toEqual(Buffer.from(packEndpoint('192.0.2.1', 6881)!, 'latin1'));
    expect(one.announce({ left: 0n }).peers).toEqual(Buffer.from(packEndpoint('192.0.2.2', 7000)!, 'latin1'));
    const seven = new UdpClient(tracker, '2001:db8::2');
    expect(seven.announce().peers).toEqual(Buffer.from(packEndpoint('2001:db8::1', 6881)!, 'latin1'));
  });

  it('takes the address of the datagram, never the one inside, and the source port where none is named', () => {
    const tracker = create();
    new UdpClient(tracker).announce({ ip: 0x08080808, port: 0 }, 40_123);
    const { peers } = new UdpClient(tracker, '192.0.2.2').announce();
    expect(peers).toEqual(Buffer.from(packEndpoint('192.0.2.1', 40_123)!, 'latin1'));
  });

  it.each([
    ['nothing left', 0n, [1, 0]],
    ['one byte left', 1n, [0, 1]],
    ['4 GiB left', 1n << 32n, [0, 1]],
    ['2^63 bytes left', 1n << 63n, [0, 1]],
    ['unknown, which clients write as 2^64 - 1', (1n << 64n) - 1n, [0, 1]],
  ])('reads all 64 bits of left: %s', (_case, left, counts) => {
    const { complete, incomplete } = new UdpClient(create()).announce({ left });
    expect([complete, incomplete]).toEqual(counts);
  });

  it('goes through started, completed and stopped', () => {
    const tracker = create();
    const client = new UdpClient(tracker);
    expect(client.announce({ event: 2 })).toMatchObject({ complete: 0, incomplete: 1 });
    expect(client.announce({ event: 1, left: 0n })).toMatchObject({ complete: 1, incomplete: 0 });
    expect(client.announce({ event: 4, left: 0n })).toMatchObject({ complete: 1, incomplete: 0 });
    const scraped = client.send(scrape(client.connectionId, 'torrent'))!;
    expect(scraped.subarray(8).toString('hex')).toBe('000000010000000100000000'); // complete, downloaded, incomplete
    expect(client.announce({ event: 3 })).toMatchObject({ complete: 0, incomplete: 0 });
    expect(tracker.ipPeers.size).toBe(0);
    expect(client.announce({ event: 5 })).toEqual({ error: 'Cannot read the event' });
  });

  it('gives as many ipPeers as are wanted, 50 if that is left open, and never more than fit', () => {
    const tracker = create();
    for (let port = 1; port <= 150; port++) {
      new UdpClient(tracker, '192.0.2.9').announce({ port });
      new UdpClient(tracker, '2001:db8::9').announce({ port });
    }
    const counted = (address: string, numwant: number) =>
      (new UdpClient(tracker, address).announce({ numwant }).peers ?? Buffer.alloc(0)).length;
    expect(counted('192.0.2.1', -1)).toBe(50 * 6);
    expect(counted('192.0.2.1', 7)).toBe(7 * 6);
    expect(counted('192.0.2.1', 0)).toBe(0);
    expect(counted('192.0.2.1', 0x7fffffff)).toBe(80 * 6);
    expect(counted('2001:db8::1', 0x7fffffff)).toBe(PEERS6_MAX * 18);
    expect(20 + PEERS6_MAX * 18).toBeLessThanOrEqual(1232);
  });

  it('scrapes up to 74 info hashes, with zeros for unknown ones', () => {
    const client = new UdpClient(create());
    client.announce({ left: 0n });
    const names = Array.from({ length: 74 }, (_, index) => (index === 73 ? 'torrent' : `unknown ${index}`));
    const reply = client.send(scrape(client.connectionId, ...names))!;
    expect(reply).toHaveLength(8 + 12 * 74);
    expect(reply.readUInt32BE(0)).toBe(2);
    expect(reply.subarray(8, 8 + 12 * 73).every((byte) => byte === 0)).toBe(true);
    expect(reply.readUInt32BE(8 + 12 * 73)).toBe(1);
    expect(isError(client.send(scrape(client.connectionId, ...names, 'one more')))).toBe(true);
    expect(
      isError(client.send(Buffer.concat([scrape(client.connectionId, 'torrent'), Buffer.alloc(5)]))),
    ).toBe(true);
  });

  it('tells why it refuses', () => {
    const denied = new UdpClient(create()).announce({ torrent: 'denied' });
    expect(denied).toEqual({ error: 'This info_hash is not served here' });
    const limited = new UdpClient(create({ perSecond: 1, burst: 1 }));
    limited.announce();
    expect(limited.announce()).toEqual({ error: 'Too many requests, come back later' });
    limited.nowMs = 1000;
    expect(limited.announce()).toHaveProperty('interval');
  });

  it('turns newcomers away while the relay is full or stops, and lets those inside go on and leave', () => {
    const tracker = create();
    const [inside, newcomer] = [new UdpClient(tracker), new UdpClient(tracker, '192.0.2.2')];
    inside.announce({ peer: 'inside' });
    tracker.state.rejectsNewcomers = true;
    expect(newcomer.announce({ peer: 'newcomer' }).error).toContain('no further peers');
    expect(inside.announce({ peer: 'inside', torrent: 'another' }).error).toContain('no further peers');
    expect(inside.announce({ peer: 'inside', event: 1, left: 0n })).toMatchObject({
      complete: 1,
      incomplete: 0,
    });
    expect([tracker.ipPeers.size, tracker.swarms.size]).toEqual([1, 1]);
    expect(tracker.tracker.counts).toMatchObject({ turned_away: 2, refused: 0 });
    expect(inside.announce({ peer: 'inside', event: 3 })).toMatchObject({ complete: 0, incomplete: 0 });
    expect(newcomer.announce({ peer: 'newcomer', event: 3 }).error).toBeUndefined();

    tracker.state.rejectsNewcomers = false;
    expect(newcomer.announce({ peer: 'newcomer' })).toMatchObject({ incomplete: 1 });
  });

  it('takes what extensions append to an announce (BEP 41)', () => {
    const client = new UdpClient(create());
    const packet = Buffer.concat([announce(client.connectionId), Buffer.from('\x02\x04/abc', 'latin1')]);
    expect(isError(client.send(packet))).toBe(false);
  });
});

describe('a connection id', () => {
  it('is good for 2 minutes at least and 4 at most', () => {
    const client = new UdpClient(create());
    client.nowMs = 119_999;
    const late = new UdpClient(client.tracker, client.address);
    late.nowMs = 119_999;
    late.connectionId = late.send(connect())!.readBigUInt64BE(8);
    for (const nowMs of [119_999, 239_998]) {
      late.nowMs = nowMs;
      expect(late.announce()).toHaveProperty('interval');
    }
    late.nowMs = 240_000;
    expect(late.announce()).toEqual({ error: 'no answer' });
  });

  it('is worth nothing at another address, after a restart, or guessed', () => {
    const tracker = create();
    const client = new UdpClient(tracker);
    const thief = new UdpClient(tracker, '192.0.2.66');
    thief.connectionId = client.connectionId;
    expect(thief.announce()).toEqual({ error: 'no answer' });
    for (const guess of [0n, PROTOCOL_ID, client.connectionId + 1n, (1n << 64n) - 1n]) {
      client.connectionId = guess;
      expect(client.announce()).toEqual({ error: 'no answer' });
    }
    expect(tracker.ipPeers.size).toBe(0);
    const other = new ConnectionIds(Buffer.alloc(32, 8));
    expect(other.isValid(new ConnectionIds(KEY).create('192.0.2.1', 0), '192.0.2.1', 0)).toBe(false);
  });

  it('is good at every node that has the same token, whenever that one was started', () => {
    const dayMs = 86_400_000;
    const old = ConnectionIds.shared('token', () => 0);
    const young = ConnectionIds.shared('token', () => dayMs);
    const id = old.create('192.0.2.1', dayMs);
    expect(young.isValid(id, '192.0.2.1', 1_000)).toBe(true);
    expect(young.isValid(id, '192.0.2.1', 600_000)).toBe(false);
    // Its clock may be a little behind, at the end of a period.
    expect(ConnectionIds.shared('token', () => -1_000).isValid(id, '192.0.2.1', dayMs)).toBe(true);
    expect(ConnectionIds.shared('another', () => 0).isValid(id, '192.0.2.1', dayMs)).toBe(false);
  });
});

describe('a forged source address', () => {
  const forged = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.integer({ min: 0, max: 4 }),
        fc.uint8Array({ maxLength: 1500 }),
      )
      .map(([connectionId, action, rest]) => Buffer.concat([header(connectionId, action), rest])),
    fc.uint8Array({ maxLength: 100 }).map((rest) => Buffer.concat([connect(), rest])),
  );

  it('gets no more bytes than were sent in its name, and leaves no trace', () => {
    const tracker = create();
    fc.assert(
      fc.property(forged, (bytes) => {
        const packet = Buffer.from(bytes);
        const reply = handle(tracker, packet, '198.51.100.1', 53, 0);
        expect(reply?.length ?? 0).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 5000 },
    );
    expect(tracker.ipPeers.size).toBe(0);
    expect(tracker.swarms.size).toBe(0);
  });

  const valid = new ConnectionIds(KEY).create('192.0.2.1', 0);
  it.each([
    ['every beginning of a connect', connect(), 16],
    ['every beginning of an announce', announce(valid), 98],
    ['every beginning of a scrape', scrape(valid, 'torrent'), 36],
  ])('gets nothing for %s', (_case, packet, bytesMin) => {
    const { udp } = create();
    for (let length = 0; length < bytesMin; length++)
      expect(udp.handle(packet.subarray(0, length), '192.0.2.1', 1, 0)).toBeUndefined();
    expect(udp.handle(packet.subarray(0, bytesMin), '192.0.2.1', 1, 0)).toBeDefined();
  });

  it('gets nothing for a connect without the magic number, and for an unknown action', () => {
    const { udp } = create();
    expect(udp.handle(connect(1, 5n), '192.0.2.1', 1, 0)).toBeUndefined();
    expect(udp.handle(Buffer.concat([header(5n, 3), Buffer.alloc(100)]), '192.0.2.1', 1, 0)).toBeUndefined();
    expect(udp.counts.ignored).toBe(2);
  });
});
