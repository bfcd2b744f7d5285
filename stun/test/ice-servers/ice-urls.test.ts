// The URLs that browsers are handed, and those that an operator may set.
import { iceUrls, readIceUrl } from '../../src/ice-servers/ice-urls.ts';

describe('iceUrls()', () => {
  it('names every way in', () => {
    expect(iceUrls('turn.example.org', { udp: 3478, tcp: 3479, tls: 5349 })).toEqual([
      'stun:turn.example.org:3478',
      'turn:turn.example.org:3478?transport=udp',
      'turn:turn.example.org:3479?transport=tcp',
      'turns:turn.example.org:5349?transport=tcp',
    ]);
  });

  it('leaves out what the engine does not have, and puts IPv6 in brackets', () => {
    expect(iceUrls('2001:db8::1', { udp: 3478, tcp: undefined, tls: undefined })).toEqual([
      'stun:[2001:db8::1]:3478',
      'turn:[2001:db8::1]:3478?transport=udp',
    ]);
  });

  it('names only URLs that readIceUrl() accepts', () => {
    for (const host of ['turn.example.org', '203.0.113.5', '2001:db8::1', 'localhost']) {
      for (const url of iceUrls(host, { udp: 3478, tcp: 3478, tls: 443 })) expect(readIceUrl(url)).toBe(url);
    }
  });
});

describe('readIceUrl()', () => {
  it.each([
    'stun:stun.example.org',
    'stuns:stun.example.org:5349',
    'turn:192.0.2.1',
    'turns:turn.example.org:443?transport=tcp',
  ])('accepts %s', (url) => {
    expect(readIceUrl(url)).toBe(url);
  });
  it.each([
    'turn:',
    'turn://example.org',
    'turn:example.org:0',
    'turn:example.org:65536',
    'turn:example.org?transport=sctp',
    'stun:example.org?transport=udp',
    'turn:user@example.org',
    'turn:2001:db8::1',
    'turn:[example.org]',
    'turn:999.1.1.1',
    'turn:-a.example.org',
    'https://example.org',
  ])('refuses %s', (url) => {
    expect(readIceUrl(url)).toBeUndefined();
  });
});
