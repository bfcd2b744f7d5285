import type { IncomingMessage } from 'node:http';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { createAddressReader, createInsiderCheck, trustedProxies } from '../src/client-address.ts';
import { readSettings } from '@relay-swarm/kit';

const request = (remoteAddress: string | undefined, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('createAddressReader()', () => {
  const read = createAddressReader(['loopback', '10.0.0.0/8', 'fd00::/8']);

  it.each([
    ['a direct client', '203.0.113.7', undefined, '203.0.113.7'],
    ['a direct client that makes up a header', '203.0.113.7', '8.8.8.8', '203.0.113.7'],
    ['a direct client that claims to be a proxy of ours', '203.0.113.7', '10.0.0.1', '203.0.113.7'],
    ['one trusted proxy', '10.0.0.2', '203.0.113.7', '203.0.113.7'],
    ['a chain of trusted proxies', '127.0.0.1', '203.0.113.7, 10.0.0.3, 10.0.0.2', '203.0.113.7'],
    ['a client that put an address in front', '10.0.0.2', '8.8.8.8, 203.0.113.7', '203.0.113.7'],
    ['a client that put a trusted address in front', '10.0.0.2', '10.9.9.9, 203.0.113.7', '203.0.113.7'],
    ['an untrusted proxy on the way', '10.0.0.2', '203.0.113.7, 198.51.100.1', '198.51.100.1'],
    ['a proxy that says nothing', '10.0.0.2', undefined, '10.0.0.2'],
    ['only proxies', '10.0.0.2', '10.0.0.9', '10.0.0.9'],
    ['words where an address should be', '10.0.0.2', 'unknown', '10.0.0.2'],
    ['words behind an address', '10.0.0.2', '203.0.113.7, unknown', '10.0.0.2'],
    ['an address with a port', '10.0.0.2', '203.0.113.7:1234', '10.0.0.2'],
    ['an empty header', '10.0.0.2', '', '10.0.0.2'],
    ['an IPv6 client behind a proxy', 'fd00::2', '2001:db8::7', '2001:db8::7'],
    ['a proxy on a dual-stack socket', '::ffff:10.0.0.2', '203.0.113.7', '203.0.113.7'],
    ['a direct client on a dual-stack socket', '::ffff:203.0.113.7', '8.8.8.8', '203.0.113.7'],
    ['a connection that is gone', undefined, undefined, ''],
  ])('reads %s', (_case, connection, forwarded, wanted) => {
    expect(read(request(connection, forwarded))).toBe(wanted);
  });

  it('keeps nothing of the header but the address', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    const remembered = Array.from({ length: 2_000 }, () => {
      const header = Buffer.from(`${'x'.repeat(7_000)}, 203.113.100.200`).toString('latin1');
      return read(request('10.0.0.2', header));
    });
    collect();
    expect(remembered[0]).toBe('203.113.100.200');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(remembered.length * 1_000);
  });

  it('believes no header where no proxy is trusted', () => {
    expect(createAddressReader([])(request('127.0.0.1', '8.8.8.8'))).toBe('127.0.0.1');
  });
});

describe('createInsiderCheck()', () => {
  const isInsider = createInsiderCheck(['10.213.77.0/24']);

  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.213.77.3', true],
    ['10.213.78.3', false],
    ['192.168.1.9', false],
    [undefined, false],
  ])('a request from %s itself: %s, and none that it carries for somebody', (address, expected) => {
    expect([isInsider(request(address)), isInsider(request(address, '127.0.0.1'))]).toEqual([
      expected,
      false,
    ]);
  });
});

describe('trustedProxies()', () => {
  const proxies = trustedProxies('PROXIES', { default: ['loopback'] });
  const read = (text: string) => readSettings({ PROXIES: text }, { proxies }).proxies;

  it('reads addresses, networks and names', () => {
    expect(read('loopback, 10.0.0.0/8 2001:db8::/32,192.0.2.1')).toEqual([
      'loopback',
      '10.0.0.0/8',
      '2001:db8::/32',
      '192.0.2.1',
    ]);
  });

  it.each(['nginx', '10.0.0.0/33', '10.0.0', '*'])('refuses %s', (text) => {
    expect(() => read(text)).toThrow(/^PROXIES=/);
  });
});
