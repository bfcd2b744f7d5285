import fc from 'fast-check';
import { isIPv6Endpoint, joinEndpoints, packEndpoint, unpackEndpoint } from '../../src/swarm/endpoint.ts';

const hex = (endpoint: string | undefined): string | undefined =>
  endpoint && Buffer.from(endpoint, 'latin1').toString('hex');

describe('packEndpoint()', () => {
  it.each([
    ['203.0.113.7', 6881, 'cb0071071ae1'],
    ['255.255.255.255', 65_535, 'ffffffffffff'],
    ['2001:db8::7', 6881, '20010db80000000000000000000000071ae1'],
    ['::', 1, '000000000000000000000000000000000001'],
    ['::1', 80, '000000000000000000000000000000010050'],
    ['fe80::1%eth0', 80, 'fe8000000000000000000000000000010050'],
    ['1:2:3:4:5:6:7:8', 9, '000100020003000400050006000700080009'],
    ['1:2:3:4:5:6:7::', 9, '000100020003000400050006000700000009'],
    ['64:ff9b::192.0.2.1', 9, '0064ff9b0000000000000000c00002010009'],
  ])('packs %s and %d', (address, port, wanted) => {
    expect(hex(packEndpoint(address, port))).toBe(wanted);
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.',
    '1.2.3.0x4',
    ':',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    '::g',
    '1.2.3.4::',
  ])('knows that %p is no address', (address) => {
    expect(packEndpoint(address, 1)).toBeUndefined();
  });

  it('is undone by unpackEndpoint()', () => {
    const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(addresses, fc.nat(65_535), (address, port) => {
        const endpoint = packEndpoint(address, port)!;
        const back = unpackEndpoint(endpoint);
        expect(back.port).toBe(port);
        expect(isIPv6Endpoint(endpoint)).toBe(address.includes(':'));
        if (address.includes(':'))
          expect(new URL(`http://[${back.address}]`).hostname).toBe(new URL(`http://[${address}]`).hostname);
        else expect(back.address).toBe(address);
      }),
    );
  });
});

it('joinEndpoints() writes one after the other', () => {
  const endpoints = [packEndpoint('1.2.3.4', 5)!, packEndpoint('6.7.8.9', 0x1011)!];
  expect(
    Buffer.from(joinEndpoints(endpoints.map((endpoint) => ({ endpoint }))), 'latin1').toString('hex'),
  ).toBe('010203040005060708091011');
});
