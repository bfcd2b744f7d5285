// TCP and TLS over real sockets: proxies, certificates, limits, slow and half-open connections.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { ListeningAddress, TlsFiles, TurnEngine } from '../../src/engine.ts';
import { createNativeEngine } from '../../src/native-engine.ts';
import { requireTool } from '../../../test/support/tools.ts';
import { ALICE, BOB, engineOptions, type OptionChanges } from '../contracts/options.ts';
import { channelData, decodeXorAddress, encode, valueOf } from '../contracts/stun-message.ts';
import { TurnClient } from '../contracts/turn-client.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';
import { makeCertificate } from '../support/certificate.ts';

const LOOPBACK = [{ host: '127.0.0.1', port: 0 }];
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started(changes: OptionChanges = {}): Promise<TurnEngine> {
  const engine = createNativeEngine(engineOptions({ tcp: LOOPBACK, ...changes }));
  await engine.start();
  closing.push(() => engine.stop());
  return engine;
}

const at = (engine: TurnEngine, transport: 'udp' | 'tcp' | 'tls'): ListeningAddress =>
  engine.listening().find((one) => one.transport === transport)!;

async function client(
  engine: TurnEngine,
  transport: 'udp' | 'tcp' | 'tls' = 'tcp',
  options: { firstBytes?: Buffer } = {},
  login = ALICE,
): Promise<TurnClient> {
  const opened = await TurnClient.connect(at(engine, transport), login, options);
  closing.push(() => opened.close());
  return opened;
}

async function socket(engine: TurnEngine, transport: 'tcp' | 'tls' = 'tcp'): Promise<Socket> {
  const { host, port } = at(engine, transport);
  const opened = connect({ host, port });
  opened.on('error', () => undefined);
  closing.push(() => opened.destroy());
  await once(opened, 'connect');
  return opened;
}

/** Resolves when the server hangs up; what it said before is let go. */
async function hungUp(opened: Socket): Promise<true> {
  opened.resume();
  if (!opened.closed) await once(opened, 'close');
  return true;
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !isSo(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isSo()).toBe(true);
}

async function mappedAddress(one: TurnClient): Promise<string> {
  const answer = await one.binding();
  const { address, port } = decodeXorAddress(valueOf(answer, 0x0020)!, answer.transactionId);
  return `${address} ${port}`;
}

const LINE = Buffer.from('PROXY TCP4 203.0.113.5 198.51.100.1 4321 3478\r\n');
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a' + '2111000c' + 'cb007105c6336401' + '10e10d96', 'hex');

describe('PROXY protocol', () => {
  it.each([
    ['version 1', LINE],
    ['version 2', BINARY],
  ])('%s, in a segment of its own, from a trusted proxy', async (_name, header) => {
    const engine = await started({ proxyProtocolFrom: ['127.0.0.0/8'] });
    const one = await client(engine, 'tcp', { firstBytes: header });
    await new Promise((resolve) => setTimeout(resolve, 20)); // the header has left alone by now
    expect(await mappedAddress(one)).toBe('203.0.113.5 4321');
    expect((await one.allocated()).address).toBe('127.0.0.1');
  });

  it('in the same segment as the first request, or cut into bytes', async () => {
    const engine = await started({ proxyProtocolFrom: ['127.0.0.1'] });
    const request = encode({ method: 'binding' });
    const whole = await socket(engine);
    whole.write(Buffer.concat([BINARY, request]));
    expect(((await once(whole, 'data')) as [Buffer])[0].length).toBeGreaterThan(20);
    const cut = await socket(engine);
    cut.setNoDelay(true);
    for (const byte of Buffer.concat([LINE, request])) {
      cut.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect(((await once(cut, 'data')) as [Buffer])[0].length).toBeGreaterThan(20);
  });

  it('is refused from anybody else, and its lack from a trusted proxy', async () => {
    const open = await started();
    for (const header of [LINE, BINARY]) {
      const liar = await socket(open);
      liar.write(header);
      expect(await hungUp(liar)).toBe(true);
    }
    const trusting = await started({ proxyProtocolFrom: ['127.0.0.1'] });
    const direct = await socket(trusting);
    direct.write(encode({ method: 'binding' }));
    expect(await hungUp(direct)).toBe(true);
    expect(trusting.stats().drops.malformed).toBe(1);
  });

  it('counts connections for the client, not for the proxy', async () => {
    const engine = await started({
      proxyProtocolFrom: ['127.0.0.1'],
      limits: { connectionsPerAddressMax: 1 },
    });
    const [a, b] = [await socket(engine), await socket(engine)];
    a.write(LINE);
    b.write(LINE.toString().replace('203.0.113.5', '203.0.113.6'));
    a.write(encode({ method: 'binding' }));
    b.write(encode({ method: 'binding' }));
    await Promise.all([once(a, 'data'), once(b, 'data')]);
    const third = await socket(engine);
    third.write(LINE);
    expect(await hungUp(third)).toBe(true);
    expect(engine.stats()).toMatchObject({ connections: 2, connectionsRefusedTotal: 1 });
  });
});

describe('connections', () => {
  it('are limited in all and for each address, and counted down', async () => {
    const engine = await started({ limits: { connectionsMax: 3, connectionsPerAddressMax: 2 } });
    const [first] = [await socket(engine), await socket(engine)];
    const third = await socket(engine);
    expect(await hungUp(third)).toBe(true);
    expect(engine.stats()).toMatchObject({ connections: 2, connectionsRefusedTotal: 1 });
    first.destroy();
    await eventually(() => engine.stats().connections === 1);
    const again = await socket(engine);
    again.write(encode({ method: 'binding' }));
    await once(again, 'data');
  });

  it('are limited to so many new ones a second, those that hang up at once too', async () => {
    const engine = await started({ limits: { unauthenticatedPerSecondMax: 10 } });
    for (let i = 0; i < 40; i++) (await socket(engine)).destroy();
    await eventually(() => {
      const { connections, connectionsTotal } = engine.stats();
      return connections === 0 && connectionsTotal === 40;
    });
    // Two windows of a second may have been open.
    expect(engine.stats().connectionsRefusedTotal).toBeGreaterThanOrEqual(20);
  });

  it('take their allocation along', async () => {
    const engine = await started();
    const one = await client(engine);
    await one.allocated();
    expect(engine.stats().allocations).toBe(1);
    one.close();
    await eventually(() => engine.stats().allocations === 0 && engine.stats().connections === 0);
  });

  it('without an allocation are closed after a while, those with one stay', async () => {
    const engine = await started({ lifetimes: { idleConnectionSecondsMax: 1 } });
    const busy = await client(engine);
    await busy.allocated();
    const idle = await socket(engine);
    idle.write(encode({ method: 'binding' }));
    expect(await hungUp(idle)).toBe(true);
    expect(busy.isClosed).toBe(false);
    await busy.refresh(0);
    await eventually(() => busy.isClosed);
  });

  it('that send junk are closed, and nobody else notices', async () => {
    const engine = await started({
      limits: { connectionsPerAddressMax: 1_000, unauthenticatedPerSecondMax: 1_000 },
    });
    const peer = await UdpPeer.open();
    closing.push(() => peer.close());
    const good = await client(engine);
    await good.allocated();
    await good.bind(0x4000, peer.address);
    const attackers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const opened = await socket(engine);
        // The first bit set: neither STUN nor ChannelData. Half of them send something that begins well.
        const junk = randomBytes(5_000);
        junk[0]! |= 0x80;
        opened.write(index % 2 === 0 ? junk : Buffer.concat([encode({ method: 'binding' }), junk]));
        return opened;
      }),
    );
    expect(await Promise.all(attackers.map(hungUp))).toHaveLength(100);
    good.sendOnChannel(0x4000, Buffer.from('through'));
    expect((await peer.next())?.data).toBe('through');
    await eventually(() => engine.stats().connections === 1);
  });

  it('that do not read lose packets above the limit, and others do not', async () => {
    const limit = 65_536;
    const engine = await started({
      limits: { sendBufferBytesMax: limit, bytesPerSecondPerAllocationMax: 0, bytesPerSecondPerUserMax: 0 },
    });
    const peer = await UdpPeer.open();
    closing.push(() => peer.close());
    const good = await client(engine, 'tcp', {}, BOB);
    const goodRelay = await good.allocated();
    await good.permit(peer.address);

    const slow = await client(engine);
    const relayed = await slow.allocated();
    await slow.permit(peer.address);
    slow.pause();
    const drops = (): number => engine.stats().drops.sendBuffer;
    for (let round = 0; round < 2_000 && drops() === 0; round++) {
      for (let i = 0; i < 20; i++) peer.send(Buffer.alloc(1_200), relayed);
      await new Promise(setImmediate);
    }
    expect(drops()).toBeGreaterThan(0);
    peer.send('through', goodRelay);
    expect((await good.next())?.data.toString()).toBe('through');
  });

  it('may send ChannelData in any pieces once they have an allocation', async () => {
    const engine = await started();
    const peer = await UdpPeer.open();
    closing.push(() => peer.close());
    const one = await client(engine);
    await one.allocated();
    await one.bind(0x4000, peer.address);
    const stream = Buffer.concat(
      ['one', 'three', 'eleven'].map((word) => channelData(0x4000, Buffer.from(word), true)),
    );
    for (const byte of stream) {
      one.sendBytes(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    const heard = [await peer.next(), await peer.next(), await peer.next()].map((one_) => one_?.data);
    expect(heard).toEqual(['one', 'three', 'eleven']);
  });
});

requireTool('openssl')('TLS', () => {
  let folder: string;
  let first: TlsFiles;
  let second: TlsFiles;
  const read = async (name: string): Promise<TlsFiles> => {
    const { certFile, keyFile } = await makeCertificate(folder, name);
    return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  };
  const nameServed = async (engine: TurnEngine): Promise<string> => {
    const { host, port } = at(engine, 'tls');
    const opened = connectTls({ host, port, rejectUnauthorized: false });
    closing.push(() => opened.destroy());
    await once(opened, 'secureConnect');
    return String(opened.getPeerCertificate().subject.CN);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stun-tls-'));
    first = await read('first');
    second = await read('second');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('carries requests and channels', async () => {
    const engine = await started({ tls: LOOPBACK, tlsFiles: first });
    const peer = await UdpPeer.open();
    closing.push(() => peer.close());
    const one = await client(engine, 'tls');
    const relayed = await one.allocated();
    await one.bind(0x4000, peer.address);
    one.sendOnChannel(0x4000, Buffer.from('hello'));
    expect((await peer.next())?.data).toBe('hello');
    peer.send('hello back', relayed);
    expect((await one.next())?.data.toString()).toBe('hello back');
    one.close();
    await eventually(() => engine.stats().connections === 0);
  });

  it('knows no proxies: their connections count like all others', async () => {
    const engine = await started({
      tls: LOOPBACK,
      tlsFiles: first,
      proxyProtocolFrom: ['127.0.0.1'],
      limits: { connectionsPerAddressMax: 1 },
    });
    await (await client(engine, 'tls')).allocated();
    expect(await hungUp(await socket(engine, 'tls'))).toBe(true);
    expect(engine.stats()).toMatchObject({ connections: 1, connectionsRefusedTotal: 1 });
  });

  it('serves a new certificate without closing what is open, and keeps the old one where the new is no good', async () => {
    const engine = await started({ tls: LOOPBACK, tlsFiles: first });
    const one = await client(engine, 'tls');
    await one.allocated();
    expect(await nameServed(engine)).toBe('first');
    engine.reloadTls(second);
    expect(await nameServed(engine)).toBe('second');
    for (const bad of [
      { cert: first.cert, key: second.key },
      { cert: 'nothing', key: first.key },
      { cert: first.cert, key: '' },
    ]) {
      expect(() => engine.reloadTls(bad)).toThrow('Cannot use the TLS certificate and its key');
    }
    expect(await nameServed(engine)).toBe('second');
    expect((await one.refresh(600)).class).toBe('success');
  });

  it('starts with the certificate that came while it was being built', async () => {
    const engine = createNativeEngine(engineOptions({ tls: LOOPBACK, tlsFiles: first }));
    closing.push(() => engine.stop());
    engine.reloadTls(second);
    await engine.start();
    expect(await nameServed(engine)).toBe('second');
  });

  it('does not start with a certificate that is no good', async () => {
    const engine = createNativeEngine(engineOptions({ tls: LOOPBACK, tlsFiles: { cert: '', key: '' } }));
    closing.push(() => engine.stop());
    await expect(engine.start()).rejects.toThrow('Cannot use the TLS certificate and its key');
    expect(engine.listening()).toEqual([]);
  });

  it('half-open handshakes count as connections and are closed', async () => {
    const engine = await started({
      tls: LOOPBACK,
      tlsFiles: first,
      limits: { connectionsPerAddressMax: 3 },
      lifetimes: { idleConnectionSecondsMax: 1 },
    });
    const halfOpen = [await socket(engine, 'tls'), await socket(engine, 'tls'), await socket(engine, 'tls')];
    halfOpen[0]!.write(Buffer.from('160301', 'hex'));
    const fourth = await socket(engine, 'tls');
    expect(await hungUp(fourth)).toBe(true);
    expect(engine.stats()).toMatchObject({ connections: 3, connectionsRefusedTotal: 1 });
    await Promise.all(halfOpen.map(hungUp));
    await eventually(() => engine.stats().connections === 0);
    const one = await client(engine, 'tls');
    await one.allocated();
  });

  it('junk instead of a handshake is closed', async () => {
    const engine = await started({ tls: LOOPBACK, tlsFiles: first });
    const junk = await socket(engine, 'tls');
    junk.write(randomBytes(2_000));
    expect(await hungUp(junk)).toBe(true);
    await eventually(() => engine.stats().connections === 0);
  });
});
