import { isNetwork, isPublicAddress, networkTest } from '../src/special-networks.ts';

describe('isPublicAddress()', () => {
  it.each([
    ['8.8.8.8', true],
    ['168.63.129.15', true],
    ['168.63.129.16', false],
    ['10.0.0.1', false],
    ['100.64.0.1', false],
    ['100.128.0.1', true],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['172.15.255.255', true],
    ['172.16.0.1', false],
    ['192.0.0.8', false],
    ['192.168.1.1', false],
    ['223.255.255.255', true],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700::1', true],
    ['2001:db8::1', false],
    ['2002:0a00:0001::1', false],
    ['3fff::1', false],
    ['fe80::1', false],
    ['fd00::1', false],
    ['::1', false],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::808:808', false],
    ['2606:4700::1%eth0', false],
    ['localhost', false],
  ])('of %s is %s', (address, wanted) => expect(isPublicAddress(address)).toBe(wanted));
});

describe('networkTest()', () => {
  const isIn = networkTest(['10.0.0.0/9', '192.0.2.7', '2001:db8::/33', '::/0']);
  it.each([
    ['10.127.255.255', true],
    ['10.128.0.0', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2001:db8:7fff::1', true],
    ['fe80::1', true],
    ['1.2.3.4', false], // ::/0 holds no IPv4 address
    ['nonsense', false],
  ])('finds %s: %s', (address, wanted) => expect(isIn(address)).toBe(wanted));

  // The form of RFC 4291 §2.5.5.1, which is no IPv4-mapped address.
  it('reads a network that ends in an IPv4 address', () => {
    const isCompatible = networkTest(['::0.0.0.0/81']);
    expect(['::1.2.3.4', '0:0:0:0:0:0:0.0.0.0', '::ffff:1.2.3.4'].map(isCompatible)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('says which network it cannot read', () =>
    expect(() => networkTest(['10.0.0.0/33'])).toThrow('Cannot read network "10.0.0.0/33"'));
});

describe('isNetwork()', () => {
  it.each(['10.0.0.0/8', '10.0.0.1', '::/0', '2001:db8::/32', '1.2.3.4/32', '0.0.0.0/0'])(
    'takes %s',
    (text) => expect(isNetwork(text)).toBe(true),
  );
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0/8',
    '0x7f.1',
    '::/129',
    'fe80::1%eth0',
    'a',
    '',
    '1.2.3.4/-1',
    '1.2.3.4/ 8',
  ])('refuses "%s"', (text) => expect(isNetwork(text)).toBe(false));
});
