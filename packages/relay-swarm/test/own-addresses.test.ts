import { createAddressGuard } from '@relay-swarm/net';
import { OwnAddresses } from '../src/discovery/own-addresses.ts';

describe('OwnAddresses', () => {
  it('has what the public name leads to, so that nobody has us dial it', async () => {
    const own = new OwnAddresses(
      () => 'tracker.example.org',
      [],
      () => Promise.resolve(['8.8.4.4']),
    );
    const guard = createAddressGuard({ allowPrivate: false, own: () => own.all() });
    expect(await guard.check('8.8.4.4')).toEqual(['8.8.4.4']);
    await own.refresh();
    await expect(guard.check('8.8.4.4')).rejects.toThrow('not a public address of another');
    expect(own.all()).toContain('127.0.0.1');
  });

  it('keeps what it knows where the name cannot be looked up, and takes an address as it is', async () => {
    let answers: readonly string[] | undefined = ['8.8.4.4'];
    let host = 'tracker.example.org';
    const own = new OwnAddresses(
      () => host,
      [],
      () => (answers === undefined ? Promise.reject(new Error('no DNS')) : Promise.resolve(answers)),
    );
    await own.refresh();
    answers = undefined;
    await own.refresh();
    expect(own.all()).toContain('8.8.4.4');
    host = '[2606:4700::1]';
    await own.refresh();
    expect(own.all()).toContain('2606:4700::1');
  });

  it('has what was told where the own network answers with another address (split DNS)', async () => {
    const own = new OwnAddresses(
      () => 'tracker.example.org',
      ['2606:4700::1', '8.8.4.4'],
      () => Promise.resolve(['10.0.0.4']),
    );
    expect(await own.publicIpv4()).toBe('8.8.4.4');
    expect(own.all()).toEqual(expect.arrayContaining(['8.8.4.4', '2606:4700::1', '10.0.0.4']));
  });
});
