// Strangers who want to stop the relay, fill it, or make it dial.
import fc from 'fast-check';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import type { GunSettings } from '../../src/settings.ts';
import { eventually, GunClient, startGunRelay, writeRoster, type RunningRelay } from '../support/relays.ts';

const relays: RunningRelay[] = [];
const sockets: WebSocket[] = [];
const clients: GunClient[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const client of clients.splice(0)) client.stop();
  for (const relay of relays.splice(0)) await relay.stop();
});

async function start(settings: Partial<GunSettings> = {}): Promise<RunningRelay> {
  const relay = await startGunRelay(settings);
  relays.push(relay);
  return relay;
}

/** Resolves to the close code, or to 0 once it is open. */
function open({ url }: RunningRelay): Promise<{ socket: WebSocket; status: number }> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('open', () => resolve({ socket, status: 101 }));
    socket.once('unexpected-response', (_request, { statusCode = 0 }) =>
      resolve({ socket, status: statusCode }),
    );
  });
}
/** gun numbers the fields of a message behind its id, so that no id may be another one and a digit. */
const put = (soul: string, text: string): string =>
  JSON.stringify({ '#': `${soul}.`, put: { [soul]: { _: { '#': soul, '>': { text: Date.now() } }, text } } });

async function stillServes(relay: RunningRelay): Promise<void> {
  const [writer, reader] = [new GunClient(relay.url), new GunClient(relay.url)];
  clients.push(writer, reader);
  reader.on('proof');
  writer.put('proof', { text: 'here' });
  await reader.sees('proof', { text: 'here' });
}

describe('a gun relay', () => {
  it('keeps its listeners when an answer is addressed to them', async () => {
    const relay = await start();
    const { socket } = await open(relay);
    for (const event of ['in', 'out', 'put', 'get', 'hi', 'bye', 'create', 'opt'])
      socket.send(JSON.stringify({ '#': `x${event}`, '@': event, put: {} }));
    await eventually('the messages', async () => (await relay.metric('messages_total')) >= 8);
    await stillServes(relay);
  });

  it('serves on after messages of every shape', async () => {
    const relay = await start({ messagesPerSecond: 100_000, messagesPerAddressPerSecond: 100_000 });
    const { socket } = await open(relay);
    const name = fc.constantFrom(
      '#',
      '@',
      '##',
      '><',
      '_',
      '.',
      '>',
      ':',
      '*',
      'put',
      'get',
      'ok',
      'err',
      'a',
      'b',
    );
    const value = fc.oneof(fc.constantFrom('a', 'b', 'in', '', 0, 1, -1, null, true, 1e300), fc.string());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        value,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(name, tie('tree')),
      ),
    }));
    const node = fc.record({
      _: fc.record({ '#': fc.constant('a'), '>': fc.dictionary(name, fc.integer()) }),
      a: tree,
      '': tree,
    });
    const message = fc.oneof(
      fc.dictionary(name, tree),
      fc.record(
        { '#': fc.string(), put: fc.record({ a: node }), '@': fc.string(), ok: tree, err: tree },
        { requiredKeys: ['put'] },
      ),
      fc.record({ '#': fc.string(), get: fc.dictionary(name, tree) }),
    );
    for (const one of fc.sample(message, { numRuns: 5_000, seed: 7 })) socket.send(JSON.stringify(one));
    await eventually('the messages', async () => (await relay.metric('messages_total')) >= 5_000);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    await stillServes(relay);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('lets nobody wait for what a stranger has sent', async () => {
    const relay = await start();
    const { socket } = await open(relay);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(`[${'0,'.repeat(131_000)}0]`);
    expect(await closed).toBe(1008); // and not parsed
    // From another address, which the limits count apart.
    const elsewhere = new WebSocket(relay.url.replace('http', 'ws'), { localAddress: '127.0.0.2' });
    sockets.push(elsewhere);
    let answers = 0;
    elsewhere.on('message', (data: Buffer) => (answers += data.toString().split('"@"').length - 1));
    await new Promise((resolve) => elsewhere.once('open', resolve));
    for (let i = 0; i < 20; i++)
      elsewhere.send(JSON.stringify({ '#': `q${i}.`, get: { '#': `nothing${i}` } }));
    await eventually('answers', () => answers >= 20);
  });

  it('parses nothing more of an address that is in debt, through whatever connection it comes', async () => {
    let nowMs = Date.now(); // stands still, so debts are not paid
    const relay = await startGunRelay({}, () => nowMs);
    relays.push(relay);
    const [first, second] = [await open(relay), await open(relay)];
    first.socket.send(`[${'0,'.repeat(2_000)}0]`);
    await eventually('the messages', async () => (await relay.metric('messages_total')) === 2_001);
    const frame = put('later', 'x'.repeat(10_000));
    second.socket.send(frame);
    await eventually('the frame to wait', async () => (await relay.metric('budget_bytes')) >= frame.length);
    expect(await relay.metric('messages_total')).toBe(2_001);
    nowMs += 60_000;
    await eventually('the frame', async () => (await relay.metric('messages_total')) === 2_002);
    await eventually('the memory', async () => (await relay.metric('budget_bytes')) === 0);
  });

  it('takes no message of more fragments than any client makes, and keeps no chunks for small ones', async () => {
    const relay = await start();
    const { socket } = await open(relay);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (let i = 0; i < 100; i++) socket.send('x', { fin: false });
    expect(await closed).toBe(1008);
  });

  it('counts what a reader leaves waiting, and ends it', async () => {
    const relay = await start({ budgetBytesMax: 8_000_000 }); // 800,000 for a connection: more than two frames
    const { socket: slow } = await open(relay);
    const closed = new Promise((resolve) => slow.once('close', resolve));
    (slow as never as { _socket: { pause(): void } })._socket.pause();
    const { socket } = await open(relay);
    for (let i = 0; i < 100; i++) socket.send(put(`large${i}`, 'x'.repeat(200_000)));
    await eventually('the slow one to go', async () => (await relay.metric('connections')) === 1);
    expect(await relay.metric('budget_refused_total{reason="connection_memory"}')).toBeGreaterThan(0);
    (slow as never as { _socket: { resume(): void } })._socket.resume();
    await closed;
  });

  it('tells the sender what it does not take', async () => {
    const relay = await start();
    const { socket } = await open(relay);
    const said = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.toString().includes('wrong')) resolve(data.toString());
      });
    });
    socket.send(JSON.stringify({ '#': 'wrong', put: { a: { _: { '#': 'b', '>': {} } } } }));
    expect([JSON.parse(await said)].flat()[0]).toMatchObject({
      '@': 'wrong',
      err: expect.stringContaining('not take') as string,
    });
  });

  it('keeps no more than it may', async () => {
    const relay = await start({ memoryBytesMax: 65_536, messagesPerSecond: 10_000 });
    const { socket } = await open(relay);
    for (let i = 0; i < 500; i++) socket.send(put(`soul${i}`, 'x'.repeat(1_000)));
    await eventually('the messages', async () => (await relay.metric('messages_total')) >= 500);
    expect(await relay.metric('memory_bytes')).toBeLessThanOrEqual(65_536);
    expect(await relay.metric('souls')).toBeGreaterThan(10);
    await stillServes(relay);
  });

  it('reads no faster than the rate, and loses nothing', async () => {
    const relay = await start({ messagesPerSecond: 20 });
    const { socket } = await open(relay);
    for (let i = 0; i < 50; i++) socket.send(put(`soul${i}`, 'x'.repeat(50_000))); // more than the sockets hold
    await eventually('the first', async () => (await relay.metric('messages_total')) >= 20);
    expect(await relay.metric('messages_total')).toBeLessThan(50);
    await eventually('the rest', async () => (await relay.metric('souls')) === 50);
  });

  it('closes on a frame that is too large, and says so as gun does', async () => {
    const relay = await start({ frameBytesMax: 16_384 });
    const { socket } = await open(relay);
    let last = '';
    socket.on('message', (data: Buffer) => (last = data.toString()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(put('large', 'x'.repeat(20_000)));
    expect(await closed).toBe(1009);
    expect(JSON.parse(last)).toEqual({
      dam: '!',
      err: 'Message too big: this relay takes at most 16384 bytes (GUN_FRAME_BYTES_MAX)',
    });
  });

  it('tells a stock client that its put was too large, and takes its next one', async () => {
    const relay = await start({ frameBytesMax: 16_384 });
    const client = new GunClient(relay.url);
    clients.push(client);
    client.put('large', { text: 'x'.repeat(20_000) });
    await client.complains('Message too big');
    // It comes back by itself; what it wrote in between may be lost.
    await eventually('the next put', async () => {
      client.put('small', { text: 'y' });
      return (await relay.metric('souls')) === 1;
    });
  });

  it('has room for so many connections, and so many of one address', async () => {
    const full = await start({ connectionsMax: 2 });
    const perAddress = await start({ connectionsPerAddressMax: 2 });
    for (const [relay, status] of [
      [full, 503],
      [perAddress, 429],
    ] as const) {
      const first = await open(relay);
      await open(relay);
      expect((await open(relay)).status).toBe(status);
      first.socket.terminate();
      await eventually('room', async () => (await relay.metric('connections')) === 1);
      expect((await open(relay)).status).toBe(101);
    }
  });

  it('does not dial private addresses that a roster names', async () => {
    let asked = 0;
    const inside = createServer(() => asked++).on('upgrade', () => asked++);
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    const { port } = inside.address() as AddressInfo;
    const relay = await start({ allowPrivate: false });
    await writeRoster([relay, { ...relay, url: `http://127.0.0.1:${port}/gun` }], 0);
    await eventually('tries', async () => (await relay.metric('links_failed_total')) >= 1);
    expect(asked).toBe(0);
    inside.close();
  });
});
