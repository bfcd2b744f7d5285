import fc from 'fast-check';
import { SocketAddress } from 'node:net';
import { addressBytes, addressText, familyOf } from '../src/ip.ts';

describe('ip addresses', () => {
  it.each([
    ['0.0.0.0', '00000000'],
    ['255.1.2.3', 'ff010203'],
    ['::', '0'.repeat(32)],
    ['::1', '0'.repeat(31) + '1'],
    ['1::', '0001' + '0'.repeat(28)],
    ['2001:db8::1:2', '20010db8000000000000000000010002'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::10.1.2.3', '0064ff9b00000000000000000a010203'],
    ['fe80::1%eth0', 'fe80' + '0'.repeat(27) + '1'],
  ])('reads %s', (text, hex) => {
    expect(addressBytes(text)!.toString('hex')).toBe(hex);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '::1::', 'g::', '1.2.3.4/8'])(
    'refuses %j',
    (text) => {
      expect(addressBytes(text)).toBeUndefined();
    },
  );

  it.each([0x1, 0xabcd, 0xffff])('spells every pattern of zeros among %i as Node’s sockets do', (group) => {
    for (let pattern = 0; pattern < 256; pattern++) {
      const groups = Array.from({ length: 8 }, (_, at) => (pattern & (1 << at) ? group : 0));
      const bytes = Buffer.from(groups.flatMap((one) => [one >> 8, one & 0xff]));
      const address = groups.map((one) => one.toString(16)).join(':');
      expect(addressText(bytes)).toBe(new SocketAddress({ address, family: 'ipv6' }).address);
    }
  });

  it('spells every address as Node’s sockets do, and reads it back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const family = familyOf(address) === 4 ? 'ipv4' : 'ipv6';
        const text = addressText(addressBytes(address)!);
        expect(text).toBe(new SocketAddress({ address, family }).address);
        expect(addressBytes(text)).toEqual(addressBytes(address));
      }),
    );
  });
});
