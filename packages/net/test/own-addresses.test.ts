// On which addresses to listen, and that an answer leaves from the address that was asked.
import { createSocket, type Socket } from 'node:dgram';
import { AddressListeners, listenedAddresses, type AddressListener } from '../src/own-addresses.ts';

const OWN = ['127.0.0.1', '192.0.2.7', '::1', '2001:db8::7', 'fe80::1'];

describe('listenedAddresses()', () => {
  it.each([
    ['an address', ['192.0.2.7'], ['192.0.2.7']],
    ['every IPv4 address', ['0.0.0.0'], ['127.0.0.1', '192.0.2.7']],
    ['every IPv6 address that a URL can name', ['::'], ['::1', '2001:db8::7']],
    ['none twice', ['192.0.2.7', '0.0.0.0'], ['192.0.2.7', '127.0.0.1']],
  ])('takes %s', (_case, hosts, wanted) => {
    expect(listenedAddresses(hosts, OWN)).toEqual(wanted);
  });

  it('stops at 256', () => {
    const own = Array.from({ length: 300 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
    expect(listenedAddresses(['0.0.0.0'], own)).toHaveLength(256);
  });
});

/** Says back what it hears. */
async function openEcho(host: string, port: number): Promise<AddressListener> {
  const socket = createSocket('udp4');
  socket.on('message', (data, from) => socket.send(data, from.port, from.address));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port }, resolve);
  });
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A client that takes answers only from the address that it asks, as ICE agents do. */
async function ask(host: string, port: number): Promise<string> {
  const socket: Socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(port, host, resolve));
  const answer = new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(data.toString()));
    socket.once('error', (error) => reject(error));
  });
  let tries = 0;
  const send = setInterval(
    () => (tries++ < 50 ? socket.send('hello') : socket.emit('error', new Error('silent'))),
    20,
  );
  try {
    return await answer;
  } finally {
    clearInterval(send);
    socket.close();
  }
}

describe('AddressListeners', () => {
  const faults: string[] = [];
  const changes: unknown[] = [];
  let own: string[];
  let nowMs = 0;
  let listeners: AddressListeners<AddressListener>;
  const create = (hosts: readonly string[] = ['0.0.0.0'], port = 0): AddressListeners<AddressListener> =>
    (listeners = new AddressListeners({
      hosts,
      port,
      open: openEcho,
      own: () => own,
      lookMs: 1_000_000,
      monotonicMs: () => nowMs,
      onFault: (host, error) => faults.push(`${host} ${(error as NodeJS.ErrnoException).code}`),
      onChange: (change) => changes.push(change),
    }));

  beforeEach(() => {
    own = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    faults.length = changes.length = 0;
  });
  afterEach(() => listeners.stop());

  it('answers from the address that was asked', async () => {
    await create().start();
    const [{ port } = { port: 0 }] = listeners.all;
    expect(listeners.all.map((one) => one.port)).toEqual([port, port, port]);
    for (const host of own) expect(await ask(host, port)).toBe('hello');
  });

  it('opens an address that comes, and keeps one that goes for five minutes', async () => {
    await create().start();
    const { port } = listeners.all[0]!;
    own = ['127.0.0.1', '127.0.0.4'];
    await listeners.look();
    expect(await ask('127.0.0.4', port)).toBe('hello');
    expect(changes).toEqual([{ opened: '127.0.0.4' }]);
    nowMs += 299_999;
    await listeners.look();
    expect(await ask('127.0.0.2', port)).toBe('hello');
    nowMs += 1;
    await listeners.look();
    expect(changes.slice(1)).toEqual([{ closed: '127.0.0.2' }, { closed: '127.0.0.3' }]);
    expect(listeners.all).toHaveLength(2);
  });

  it('keeps an address that comes back in time', async () => {
    await create().start();
    own = ['127.0.0.1'];
    await listeners.look();
    own = ['127.0.0.1', '127.0.0.2'];
    nowMs += 200_000;
    await listeners.look();
    own = ['127.0.0.1'];
    nowMs += 200_000;
    await listeners.look();
    expect(listeners.all).toHaveLength(2);
  });

  it('tells a fault once while it lasts, and tries again', async () => {
    await create().start();
    const { port } = listeners.all[0]!;
    const other = await openEcho('127.0.0.5', port);
    own.push('127.0.0.5');
    await listeners.look();
    await listeners.look();
    expect(faults).toEqual(['127.0.0.5 EADDRINUSE']);
    await other.close();
    await listeners.look();
    expect(changes).toEqual([{ opened: '127.0.0.5' }]);
  });

  it('starts without an own address that is not ready yet', async () => {
    own.push('192.0.2.7');
    await create().start();
    expect(listeners.all).toHaveLength(3);
  });

  it.each([
    ['an address was named that is not of this machine', ['192.0.2.7'], 'EADDRNOTAVAIL'],
    ['there is none', ['::'], undefined],
  ])('does not start where %s', async (_case, hosts, code) => {
    await expect(create(hosts).start()).rejects.toMatchObject(
      code === undefined ? { message: expect.stringContaining('no own address') as string } : { code },
    );
  });

  it('does not start where the port is taken on one of the addresses, and leaves the others free', async () => {
    const taken = await openEcho('127.0.0.2', 0);
    await expect(create(['0.0.0.0'], taken.port).start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await (await openEcho('127.0.0.1', taken.port)).close();
    await taken.close();
  });
});
