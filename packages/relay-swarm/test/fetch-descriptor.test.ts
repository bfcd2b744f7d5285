// Candidates that misbehave, on real sockets.
import { DESCRIPTOR_PATH, type SignedDescriptor } from '@relay-swarm/protocol';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { createAddressGuard, isPublicAddress, RefusedAddress } from '@relay-swarm/net';
import { fetchDescriptor } from '../src/discovery/fetch-descriptor.ts';
import { dialWire } from '../src/sessions/wire.ts';

const descriptor: SignedDescriptor = {
  id: 'ab'.repeat(32),
  swarm: 'test',
  url: 'wss://a.example',
  services: {},
  software: 'test',
  issuedAt: 1,
  expiresAt: 2,
  signature: 'cd'.repeat(64),
};

let servers: (Server | TcpServer)[] = [];
afterEach(async () => {
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
});
async function serve(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}
const neverOpened = (): never => {
  throw new Error('a wire was opened');
};
const open = createAddressGuard({ allowPrivate: true });
const strict = createAddressGuard({ allowPrivate: false });

describe('fetchDescriptor()', () => {
  it('reads what a relay serves', async () => {
    const port = await serve((request, response) =>
      response.end(request.url === DESCRIPTOR_PATH ? JSON.stringify(descriptor) : ''),
    );
    expect(await fetchDescriptor(`http://127.0.0.1:${port}`, open)).toEqual(descriptor);
    expect(await fetchDescriptor(`http://localhost:${port}/`, open)).toEqual(descriptor);
  });

  it('gives up on a candidate that does not answer', async () => {
    const port = await serve(() => undefined);
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open, 200)).rejects.toThrow(/aborted/);
  });

  it('gives up on a candidate that says nothing in HTTP', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.write('SSH-2.0-x\r\n');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open, 2_000)).rejects.toThrow(/Parse Error/);
  });

  it('gives up on a candidate that answers a byte at a time', async () => {
    const port = await serve((_request, response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    const startedAtMs = performance.now();
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open, 300)).rejects.toThrow(/aborted/);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });

  it.each([
    ['with its length told', true],
    ['without', false],
  ])('gives up on ten megabytes, %s, having taken few of them', async (_how, isTold) => {
    let sent = 0;
    let ended: () => void;
    const isOver = new Promise<void>((resolve) => (ended = resolve));
    const port = await serve((_request, response) => {
      if (isTold) response.setHeader('content-length', 10_485_760);
      const write = (): void => {
        while (sent < 10_485_760 && !response.destroyed) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536, 32))) return void response.once('drain', write);
        }
      };
      response.once('close', ended);
      write();
    });
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open)).rejects.toThrow(
      /the most is 16384 bytes/,
    );
    await isOver;
    expect(sent).toBeLessThan(8_388_608); // what the system's buffers took
  });

  it('follows no redirect', async () => {
    let visits = 0;
    const target = await serve((_request, response) => {
      visits++;
      response.end(JSON.stringify(descriptor));
    });
    const port = await serve((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${target}${DESCRIPTOR_PATH}` }).end();
    });
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open)).rejects.toThrow(
      /found status 302, wanted 200/,
    );
    expect(visits).toBe(0);
  });

  it.each([
    ['no JSON', 'hello'],
    ['another JSON', '{}'],
    ['half of it', JSON.stringify(descriptor).slice(0, 100)],
  ])('refuses %s', async (_what, body) => {
    const port = await serve((_request, response) => response.end(body));
    await expect(fetchDescriptor(`http://127.0.0.1:${port}`, open)).rejects.toThrow(/Cannot read/);
  });
});

describe('the address guard', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'keeps fetches and dials from %s',
    async (host) => {
      let visits = 0;
      const port = await serve((_request, response) => {
        visits++;
        response.end(JSON.stringify(descriptor));
      });
      await expect(fetchDescriptor(`http://${host}:${port}`, strict)).rejects.toThrow(RefusedAddress);
      await expect(dialWire(`ws://${host}:${port}/relay`, strict, neverOpened)).rejects.toThrow(
        RefusedAddress,
      );
      expect(visits).toBe(0);
    },
  );

  it('refuses a name that has one private address among others', async () => {
    const guard = createAddressGuard({
      allowPrivate: false,
      resolve: () => Promise.resolve(['93.184.215.14', '10.0.0.1']),
    });
    await expect(guard.check('rebind.example')).rejects.toThrow(/10\.0\.0\.1 is not a public address/);
  });

  it('refuses our own addresses', async () => {
    const guard = createAddressGuard({ allowPrivate: false, own: () => ['93.184.215.14'] });
    await expect(guard.check('93.184.215.14')).rejects.toThrow(RefusedAddress);
    await expect(guard.check('93.184.215.15')).resolves.toEqual(['93.184.215.15']);
  });

  it('dials the address that it has checked, though the name has another one a moment later', async () => {
    const visits: string[] = [];
    const answer: RequestListener = (request, response) => {
      visits.push(request.socket.localAddress ?? '');
      response.end(JSON.stringify(descriptor));
    };
    const port = await serve(answer, '127.0.0.2');
    await serve(answer, '127.0.0.1', port);
    let asked = 0;
    const guard = createAddressGuard({
      allowPrivate: false,
      isPublic: (address) => address === '127.0.0.2', // stands for a public one
      own: () => [],
      resolve: () => Promise.resolve([asked++ === 0 ? '127.0.0.2' : '127.0.0.1']),
    });
    await expect(fetchDescriptor(`http://rebind.example:${port}`, guard)).resolves.toEqual(descriptor);
    expect({ visits, asked }).toEqual({ visits: ['127.0.0.2'], asked: 1 });
    await expect(fetchDescriptor(`http://rebind.example:${port}`, guard)).rejects.toThrow(RefusedAddress);
    await expect(dialWire(`ws://rebind.example:${port}`, guard, neverOpened)).rejects.toThrow(RefusedAddress);
    expect(visits).toHaveLength(1);
  });
});

describe('isPublicAddress()', () => {
  it.each(['1.1.1.1', '93.184.215.14', '172.15.0.1', '172.32.0.1', '2606:2800:21f::1', '2a00::1'])(
    'takes %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...['192.168.1.1', '192.0.2.1', '198.18.0.1', '224.0.0.1', '239.1.1.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:1.1.1.1',
      '64:ff9b::1.1.1.1',
    ],
    ...['2001:db8::1', '2001::1', '2002:7f00:1::', 'localhost', '', '1.1.1'],
  ])('refuses %s', (address) => expect(isPublicAddress(address)).toBe(false));
});
