import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { AddressBuckets } from '../src/address-buckets.ts';
import { FirstLook } from '../src/first-look.ts';
import { HttpDoor, type HttpDoorOptions } from '../src/http-door.ts';
import { onWebSocketUpgrade } from '../src/upgrade.ts';

const RATE = { perSecond: 1_000, burst: 20, debtMax: 100_000 };
/** Who owes a message waits for a second. */
const SLOW = { perSecond: 1, burst: 20, debtMax: 100 };
let nowMs = 0;
let answered = 0;
const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function open(more: Partial<HttpDoorOptions> = {}) {
  nowMs = answered = 0;
  const door = new HttpDoor({
    addresses: new AddressBuckets(RATE),
    pieceCost: 0,
    bytesPerMessage: Infinity,
    requestCost: 1,
    connectionsPerAddressMax: 3,
    trustedProxies: [],
    monotonicMs: () => nowMs,
    ...more,
  });
  const server = createServer((request, response) => {
    answered++;
    if (door.admits(request.socket.remoteAddress!)) response.end(`[${request.url}]`);
    else response.writeHead(429).end();
  });
  door.watch(server);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = (localAddress = '127.0.1.1'): Socket & { text: () => string } => {
    let text = '';
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => (text += bytes.toString()));
    sockets.push(socket);
    return Object.assign(socket, { text: () => text });
  };
  return { door, server, client };
}

const requests = (count: number, path = '/a'): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(150)}\r\n\r\n`.repeat(count);

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('HttpDoor', () => {
  it('counts who says nothing, where somebody looks before Node does, each once', async () => {
    const { door, server, client } = await open();
    const look = new FirstLook(server, {
      comes: door.comes,
      take: () => false,
      headBytesMax: 1_000,
      waitMsMax: 60_000,
    });
    const silent = [client(), client(), client()];
    await until(() => look.waiting === 3);
    const fourth = client();
    await once(fourth, 'close');
    expect(door.counts.crowded).toBe(1);
    silent[0]!.write(requests(1)); // goes to Node, and is not counted again
    await until(() => silent[0]!.text().includes('[/a]'));
    silent[1]!.destroy();
    await until(() => {
      look.tick(performance.now()); // those who are gone are forgotten
      return look.waiting === 1;
    });
    const fifth = client();
    fifth.write(requests(1));
    await until(() => fifth.text().includes('[/a]'));
    look.close();
  });

  it('answers a busy address in later turns of the event loop, and loses nothing', async () => {
    const { door, client } = await open({ isTurnOver: () => true });
    const [one, other] = [client(), client('127.0.1.2')];
    one.write(requests(15, '/b'));
    other.write(requests(1));
    await until(() => one.text().split('[/b]').length === 16 && other.text().includes('[/a]'));
    const before = door.counts.waits;
    other.write(requests(1));
    await until(() => other.text().split('[/a]').length === 3);
    expect(before).toBe(0); // nothing was owed before the first piece
    one.write(requests(2, '/b'));
    await until(() => one.text().split('[/b]').length === 18);
    expect(door.counts.waits).toBe(1);
  });

  it('has connections of an address that has many wait for later turns; one that breaks meanwhile harms nobody', async () => {
    let asked = 0;
    const { server, client } = await open({
      addresses: new AddressBuckets({ perSecond: 1_000, burst: 1_000_000 }),
      connectionsPerAddressMax: 20,
      isTurnOver: () => ++asked > 0,
    });
    let accepted = 0;
    server.on('connection', (socket: Socket) => {
      if (++accepted === 12) socket.destroy(new Error('reset'));
    });
    const all = Array.from({ length: 11 }, () => client());
    for (const one of all) one.write(requests(1));
    await Promise.all(all.map((one) => once(one, 'connect')));
    await once(client(), 'close');
    await until(() => all.every((one) => one.text().includes('[/a]')));
    const askedOfMany = asked; // each from the ninth on, and what they sent
    expect(askedOfMany).toBeGreaterThanOrEqual(4);
    const neighbour = client('127.0.1.2');
    neighbour.write(requests(1));
    await until(() => neighbour.text().includes('[/a]'));
    expect(asked).toBe(askedOfMany);
  });

  it('has what nobody has paid for wait, unparsed, and loses none of it', async () => {
    const { door, client } = await open();
    const one = client();
    one.write(requests(400));
    await until(() => door.counts.waits === 1);
    // The piece that was begun is looked at to its end
    expect(answered).toBeGreaterThan(20);
    expect(answered).toBeLessThan(45);
    const clock = setInterval(() => (nowMs += 20), 1);
    await until(() => one.text().split('[/a]').length === 401);
    clearInterval(clock);
  });

  it('has another connection of the address wait, and not one of another address', async () => {
    const { door, client } = await open({ addresses: new AddressBuckets(SLOW) });
    client().write(requests(50));
    await until(() => door.counts.waits === 1);
    const before = answered;
    const other = client();
    other.write(requests(1, '/other'));
    await until(() => door.counts.waits === 2);
    expect([answered, other.text()]).toEqual([before, '']);
    const stranger = client('127.0.1.2');
    stranger.write(requests(1, '/stranger'));
    await until(() => stranger.text().includes('[/stranger]'));
  });

  it('refuses the requests of whoever owes more than a second', async () => {
    const { door } = await open();
    const answers = Array.from({ length: 1_100 }, () => door.admits('a'));
    expect(answers.indexOf(false)).toBe(1_021);
    expect([door.admits('b'), door.counts.refused]).toEqual([true, 79]);
    const healthChecks = Array.from({ length: 1_100 }, () => door.admits('127.0.0.1'));
    expect(healthChecks).not.toContain(false);
  });

  it('lets requests come early as long as as many would be answered, and leaves the others to Node, unpaid and uncounted', async () => {
    const addresses = new AddressBuckets(RATE);
    const { door } = await open({ addresses });
    const early = Array.from({ length: 1_100 }, () => door.mayComeEarly('a'));
    const owedMs = addresses.owedMs('a', nowMs);
    expect([early.indexOf(false), door.counts.refused, door.mayComeEarly('a')]).toEqual([1_021, 0, false]);
    expect(addresses.owedMs('a', nowMs)).toBe(owedMs);
    expect(door.mayComeEarly('b')).toBe(true);
  });

  it('forgets addresses that owe nothing more', async () => {
    const addresses = new AddressBuckets(RATE);
    const { door } = await open({ addresses });
    for (const address of ['a', 'b', 'c']) door.admits(address);
    nowMs = 2_000;
    door.admits('d');
    expect(addresses.size).toBe(1);
  });

  it('pays by bytes too', async () => {
    const { door, client } = await open({
      ...{ requestCost: 0, bytesPerMessage: 100, addresses: new AddressBuckets(SLOW) },
    });
    client().write(requests(100));
    await until(() => door.counts.waits === 1);
    expect(answered).toBeLessThan(100);
  });

  it('takes so many connections of one address, and others when these have gone', async () => {
    const { door, client } = await open();
    const three = [client(), client(), client()];
    for (const one of three) {
      one.write(requests(1));
      await until(() => one.text().includes('[/a]'));
    }
    const fourth = client();
    await once(fourth, 'close');
    expect([fourth.text(), door.counts.crowded]).toEqual(['', 1]);
    three[0]!.destroy();
    let isIn = false;
    while (!isIn) {
      const again = client(); // until the server has seen the first one go
      again.write(requests(1));
      await Promise.race([until(() => again.text() !== '' || again.destroyed), once(again, 'close')]);
      isIn = again.text().includes('[/a]');
    }
  });

  it('cuts who has waited too long', async () => {
    const { door, client } = await open({ waitMsMax: 20, addresses: new AddressBuckets(SLOW) });
    const one = client();
    const closed = once(one, 'close');
    one.write(requests(50));
    await closed;
    expect([door.counts.cut, door.counts.waits > 0]).toEqual([1, true]);
  });

  it.each([
    ['a proxy', ['loopback'], '127.0.1.1'],
    ['this machine itself', [], '127.0.0.1'],
  ])('does not have %s wait', async (_who, trustedProxies, address) => {
    const addresses = new AddressBuckets(SLOW);
    const { door, client } = await open({
      ...{ trustedProxies, requestCost: 0, bytesPerMessage: 100, addresses },
      isTurnOver: () => true,
    });
    const [one] = [client(address), client(address), client(address), client(address)]; // more than an address may have
    one.write(requests(200));
    await until(() => answered === 200);
    expect(door.counts).toMatchObject({ waits: 0, crowded: 0 });
  });

  it.each([0, 10, 9_000, 200_000])('gives a WebSocket all that came behind it: %i bytes', async (bytes) => {
    const { server, client } = await open();
    const behind = Buffer.alloc(bytes, 'abcdefghij');
    const received = new Promise<Buffer>((resolve) => {
      onWebSocketUpgrade(server, (_request, socket, head) => {
        socket.on('error', () => undefined);
        const parts = [head];
        let count = head.length;
        const take = (part: Buffer): void => {
          parts.push(part);
          count += part.length;
          if (count >= bytes) resolve(Buffer.concat(parts));
        };
        socket.on('data', take);
        take(Buffer.alloc(0));
      });
    });
    client().write(
      Buffer.concat([
        Buffer.from(
          `${requests(2)}GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        ),
        behind,
      ]),
    );
    expect((await received).equals(behind)).toBe(true);
    expect(answered).toBe(2);
  });
});
