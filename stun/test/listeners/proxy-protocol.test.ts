import { PROXY_HEADER_BYTES_MAX, readProxyHeader } from '../../src/listeners/proxy-protocol.ts';

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const version2 = (rest: string): Buffer => Buffer.from(SIGNATURE + rest, 'hex');

describe('readProxyHeader()', () => {
  it.each([
    ['IPv4', 'PROXY TCP4 192.0.2.1 198.51.100.1 56324 443', { address: '192.0.2.1', port: 56324 }],
    ['IPv6', 'PROXY TCP6 2001:db8::1 2001:db8::2 1 65535', { address: '2001:db8::1', port: 1 }],
    ['the proxy itself', 'PROXY UNKNOWN', undefined],
    ['the proxy itself, at length', 'PROXY UNKNOWN ffff::1 ffff::2 65535 65535', undefined],
  ])('version 1, %s', (_name, text, source) => {
    const header = line(text);
    expect(readProxyHeader(header)).toEqual({ bytes: header.length, source });
    expect(readProxyHeader(Buffer.concat([header, Buffer.from('more')]))).toEqual({
      bytes: header.length,
      source,
    });
    for (let end = 0; end < header.length; end++)
      expect(readProxyHeader(header.subarray(0, end))).toBe('incomplete');
  });

  it.each([
    ['IPv4', '2111000c' + 'c0000201c6336401dc0401bb', { address: '192.0.2.1', port: 56324 }],
    [
      'IPv6',
      '21210024' + '20010db8000000000000000000000001' + '20010db8000000000000000000000002' + '000101bb',
      { address: '2001:db8::1', port: 1 },
    ],
    [
      'IPv4 with extensions',
      '21110010' + 'c0000201c6336401dc0401bb' + '04000100',
      { address: '192.0.2.1', port: 56324 },
    ],
    ['a health check', '20000000', undefined],
    ['a health check that names addresses', '2011000c' + 'c0000201c6336401dc0401bb', undefined],
    ['an unknown family', '21000000', undefined],
    ['a UNIX socket', '2131000401020304', undefined],
  ])('version 2, %s', (_name, hex, source) => {
    const header = version2(hex);
    expect(readProxyHeader(header)).toEqual({ bytes: header.length, source });
    for (let end = 0; end < header.length; end++)
      expect(readProxyHeader(header.subarray(0, end))).toBe('incomplete');
  });

  it.each([
    ['a STUN message', Buffer.from('000100002112a442', 'hex')],
    ['another protocol', line('PROXY UDP4 192.0.2.1 198.51.100.1 1 2')],
    ['an address of the other family', line('PROXY TCP4 2001:db8::1 2001:db8::2 1 2')],
    ['a name', line('PROXY TCP4 localhost 192.0.2.1 1 2')],
    ['a port too high', line('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2')],
    ['no ports', line('PROXY TCP4 192.0.2.1 192.0.2.2')],
    ['too many words', line('PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3')],
    ['a line without end', Buffer.from(`PROXY ${'x'.repeat(200)}`)],
    ['version 3', version2('31110000')],
    ['an unknown command', version2('22110000')],
    ['addresses that are not there', version2('2111000400000000')],
    ['more than anybody needs', version2('2111ffff')],
  ])('refuses %s', (_name, bytes) => {
    expect(readProxyHeader(bytes)).toBe('invalid');
  });

  it('never waits for more than it would take', () => {
    expect(PROXY_HEADER_BYTES_MAX).toBeLessThan(2_048);
    expect(readProxyHeader(version2('21110400'))).toBe('invalid');
  });
});
