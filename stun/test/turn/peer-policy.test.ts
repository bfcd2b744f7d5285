import fc from 'fast-check';
import { BlockList } from 'node:net';
import { addressBytes, addressText } from '@relay-swarm/net/ip';
import { isNetwork, networkTest } from '@relay-swarm/net/special-networks';
import { createPeerPolicy } from '../../src/turn/peer-policy.ts';

const nothing = { allowed: [], denied: [] };

describe('createPeerPolicy()', () => {
  const mayReach = createPeerPolicy(nothing);

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '203.0.114.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('lets clients reach %s', (address) => expect(mayReach(address)).toBe(true));

  it.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['carrier-grade NAT', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['cloud metadata', '169.254.169.254'],
    ['the metadata service of Azure', '168.63.129.16'],
    ['benchmarks', '198.19.255.255'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.7'],
    ['documentation', '203.0.113.9'],
    ['6to4 anycast', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['IPv4-mapped', '::ffff:8.8.8.8'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-compatible', '::7f00:1'],
    ['NAT64', '64:ff9b::8.8.8.8'],
    ['NAT64 of private', '64:ff9b::10.0.0.1'],
    ['local NAT64', '64:ff9b:1::1'],
    ['discard', '100::1'],
    ['Teredo', '2001::1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['6to4 of private', '2002:0a00:0001::1'],
    ['6to4', '2002:0808:0808::1'],
    ['unique local', 'fd00::1'],
    ['link-local', 'fe80::1'],
    ['link-local with its zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['no address', 'localhost'],
    ['nothing', ''],
  ])('keeps them from %s: %s', (_what, address) => expect(mayReach(address)).toBe(false));

  it('keeps them from this machine’s own addresses', () => {
    const policy = createPeerPolicy(nothing, ['8.8.8.8', '2606:4700::1']);
    expect([policy('8.8.8.8'), policy('8.8.4.4'), policy('2606:4700::1')]).toEqual([false, true, false]);
  });

  it('follows the operator: what is denied wins over what is allowed, and that over the rest', () => {
    const policy = createPeerPolicy({ allowed: ['10.0.0.0/8', '::1'], denied: ['10.9.0.0/16', '8.8.8.8'] });
    expect(['10.1.0.1', '10.9.0.1', '8.8.8.8', '8.8.4.4', '::1', '192.168.0.1'].map(policy)).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('looks into addresses that hide another one, also where the operator allows them', () => {
    const policy = createPeerPolicy({
      allowed: ['64:ff9b::/96', '2002::/16', '::ffff:0:0/96'],
      denied: ['9.9.9.9'],
    });
    for (const [form, hidden] of [
      ['64:ff9b::8.8.8.8', '64:ff9b::10.0.0.1'],
      ['2002:0808:0808::1', '2002:7f00:0001::1'],
      ['2002:0808:0808::1', '2002:0909:0909::1'],
      ['64:ff9b::8.8.8.8', '64:ff9b::9.9.9.9'],
      ['::ffff:8.8.8.8', '::ffff:9.9.9.9'],
      ['::ffff:8.8.8.8', '::ffff:10.0.0.1'],
    ]) {
      expect([form, hidden].map((one) => policy(one!))).toEqual([true, false]);
    }
  });
});

describe('networks', () => {
  it.each([
    ['ipv4', fc.ipV4(), 32],
    ['ipv6', fc.ipV6(), 128],
  ] as const)('hold the addresses that Node’s own list says they do, %s', (family, addresses, bitsMax) => {
    const aBitApart = fc.tuple(addresses, fc.nat(bitsMax), fc.nat(bitsMax - 1));
    fc.assert(
      fc.property(aBitApart, addresses, ([network, bits, at], other) => {
        const list = new BlockList();
        list.addSubnet(network, bits, family);
        const isIn = networkTest([`${network}/${bits}`]);
        const near = addressBytes(network)!;
        near[at >> 3]! ^= 0x80 >> (at & 7);
        for (const one of [network, other, addressText(near)])
          expect(isIn(one)).toBe(list.check(one, family));
      }),
    );
  });

  it('hold addresses of their own family only', () => {
    const addresses = ['10.0.0.1', 'fd00::1', '::ffff:10.0.0.1'];
    expect(addresses.map(networkTest(['::/0']))).toEqual([false, true, true]);
    expect(addresses.map(networkTest(['::ffff:0:0/96']))).toEqual([false, false, true]);
    expect(addresses.map(networkTest(['0.0.0.0/0']))).toEqual([true, false, false]);
  });

  it.each(['10.0.0.0/8', '10.1.2.3', '::1', '2001:db8::/32', '0.0.0.0/0'])('takes %s', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    'loopback',
    '10.0.0.0/-1',
    'fe80::1%eth0',
  ])('refuses %j', (text) => {
    expect(isNetwork(text)).toBe(false);
    expect(() => networkTest([text])).toThrow('Cannot read network');
  });
});
