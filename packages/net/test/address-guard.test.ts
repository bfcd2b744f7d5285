import { createAddressGuard, RefusedAddress } from '../src/address-guard.ts';

describe('checkAddressIn()', () => {
  const asked: string[] = [];
  const guard = createAddressGuard({
    allowPrivate: false,
    own: () => ['93.184.215.14'],
    resolve: (host) => {
      asked.push(host);
      return Promise.resolve(['10.0.0.1']);
    },
  });

  it.each([
    'http://127.0.0.1:8000/',
    'ws://[::1]:8000',
    'wss://[::ffff:10.0.0.1]/relay',
    'https://93.184.215.14',
  ])('refuses %s', async (url) => {
    await expect(guard.checkAddressIn(url)).rejects.toThrow(RefusedAddress);
  });

  it('takes a public address, and leaves names to the lookup, which sees what is dialled', async () => {
    await guard.checkAddressIn('https://93.184.215.15/');
    await guard.checkAddressIn(new URL('wss://[2606:2800:220:1::1]/relay'));
    await guard.checkAddressIn('wss://private.example/');
    expect(asked).toEqual([]);
  });
});
