// Bad datagrams and bad queries over real sockets, against a tracker in a process of its own, while an honest client is served.
import { createSocket, type Socket } from 'node:dgram';
import { Agent, request } from 'node:http';
import { createDice, type Dice } from '../../test/fuzz/mutate.ts';
import { spawnTracker, type TrackerProcess } from './support/tracker-process.ts';
import { findFreeUdpPort } from './support/udp-port.ts';

const REQUESTS = Number(process.env['HOSTILE_FRAMES'] ?? 100_000);
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 1_000_000);
const MEGABYTE = 1_048_576;
const WAIT_MS_MAX = 3_000;

const unlimited = {
  TRACKER_BITTORRENT_REQUESTS_PER_SECOND: '1000000',
  TRACKER_BITTORRENT_REQUESTS_BURST: '1000000',
  // So many may be made up under one address; beyond them, memory must not grow.
  TRACKER_BITTORRENT_HOSTS_PER_ADDRESS_MAX: '500',
};

/** A UDP client that asks one thing at a time, and again where a datagram was lost. */
class UdpClient {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  #hear: (packet: Buffer) => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (packet) => this.#hear(packet));
  }

  /** Does not wait for an answer. */
  throw(packet: Buffer): void {
    this.#socket.send(packet, this.#port, '127.0.0.1');
  }

  async ask(packet: Buffer): Promise<Buffer> {
    for (const untilMs = performance.now() + WAIT_MS_MAX; performance.now() < untilMs;) {
      const answer = new Promise<Buffer | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), 200);
        this.#hear = (heard) => {
          if (heard.length < 8 || heard.readUInt32BE(4) !== packet.readUInt32BE(12)) return;
          clearTimeout(timer);
          resolve(heard);
        };
      });
      this.throw(packet);
      const heard = await answer;
      if (heard !== undefined) return heard;
    }
    throw new Error(`No answer within ${WAIT_MS_MAX} ms`);
  }

  async connect(): Promise<Buffer> {
    const packet = Buffer.from('00000417271019800000000000c0ffee', 'hex');
    return (await this.ask(packet)).subarray(8, 16);
  }

  close(): void {
    this.#socket.close();
  }
}

function announce(connectionId: Buffer, transactionId: number, peer = 'p', port = 6881): Buffer {
  const packet = Buffer.alloc(98);
  connectionId.copy(packet);
  packet.writeUInt32BE(1, 8);
  packet.writeUInt32BE(transactionId, 12);
  packet.write('h'.repeat(20) + peer.repeat(20), 16);
  packet.writeBigUInt64BE(1n, 64);
  packet.writeInt32BE(-1, 92);
  packet.writeUInt16BE(port, 96);
  return packet;
}

const honest = (connectionId: Buffer, transactionId: number): Buffer =>
  announce(connectionId, transactionId, 'q', 7777);

/** Noise, cut requests, and requests with a byte or more changed; most with a connection id that is valid. */
function damaged(random: Dice, connectionId: Buffer): Buffer {
  const packet = random(4) === 0 ? noise(random, random(200)) : announce(connectionId, random(2 ** 31));
  if (packet.length < 16) return packet;
  if (random(3) === 0) packet.writeUInt32BE(random(4), 8);
  for (let changes = random(6); changes > 0; changes--) packet[8 + random(packet.length - 8)] = random(256);
  return random(3) === 0 ? packet.subarray(0, random(packet.length + 1)) : packet;
}

const noise = (random: Dice, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random(256)));

function damagedPath(random: Dice): string {
  const value = (): string => {
    const shapes = [
      () => 'h'.repeat(20),
      () => `%${noise(random, 20).toString('hex').match(/../g)!.join('%')}`,
      () => String(random(70_000)),
      () => '%'.repeat(random(30)),
      () => encodeURIComponent(noise(random, random(60)).toString('latin1')),
      () => ['started', 'stopped', 'completed', '', 'constructor', '__proto__'][random(6)]!,
    ];
    return shapes[random(shapes.length)]!();
  };
  const names = [
    'info_hash',
    'peer_id',
    'port',
    'left',
    'event',
    'numwant',
    'compact',
    'no_peer_id',
    'ip',
    '__proto__',
  ];
  const valid = `info_hash=${'h'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=${random(70_000)}`;
  const fields = Array.from({ length: random(12) }, () => `${names[random(names.length)]!}=${value()}`);
  if (random(2) === 0) fields.push(valid);
  return `/${['announce', 'scrape'][random(2)]!}?${fields.join('&')}`;
}

describe('the tracker, asked nonsense over HTTP and UDP', () => {
  let tracker: TrackerProcess;
  let client: UdpClient;
  let connectionId: Buffer;

  beforeEach(async () => {
    const port = await findFreeUdpPort();
    tracker = await spawnTracker({ ...unlimited, TRACKER_UDP_PORT: String(port) });
    client = new UdpClient(port);
    connectionId = await client.connect();
    await client.ask(honest(connectionId, 1)); // has its place before strangers take all others of this address
  });
  afterEach(async () => {
    client.close();
    const exitCode = tracker.isAlive ? await tracker.stop() : 'it had died before';
    expect({ exitCode, output: tracker.output }).toEqual({ exitCode: 0, output: '' });
  });

  /** An honest host is served, and memory is where it was. */
  async function check(memoryBefore: number): Promise<void> {
    const reply = await client.ask(honest(await client.connect(), 2));
    expect(reply.readUInt32BE(0)).toBe(1);
    expect(await tracker.metric('tracker_hosts')).toBeLessThanOrEqual(500);
    const growth =
      ((await tracker.metric('tracker_process_resident_memory_bytes')) - memoryBefore) / MEGABYTE;
    process.stdout.write(
      `hostile hosts: ${REQUESTS} requests, seed ${SEED}, memory ${growth.toFixed(1)} MB more\n`,
    );
    expect(growth).toBeLessThan(60);
  }

  it(`reads ${REQUESTS} damaged datagrams`, async () => {
    const random = createDice(SEED);
    const memory = await tracker.metric('tracker_process_resident_memory_bytes');
    for (let sent = 0; sent < REQUESTS;) {
      for (let batch = 0; batch < 200; batch++, sent++) client.throw(damaged(random, connectionId));
      // An honest announce after each batch: it is answered, and nobody sends faster than the tracker reads.
      await client.ask(honest(connectionId, sent));
    }
    await check(memory);
  });

  it(`answers ${REQUESTS / 5} damaged queries`, async () => {
    const random = createDice(SEED);
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const memory = await tracker.metric('tracker_process_resident_memory_bytes');
    const get = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port: tracker.port, path, agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        })
          .on('error', reject)
          .end();
      });
    const statuses = new Set<number>();
    for (let sent = 0; sent < REQUESTS / 5; sent += 40) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => get(damagedPath(random))));
      for (const status of answers) statuses.add(status);
    }
    agent.destroy();
    expect([...statuses]).toEqual([200]);
    await check(memory);
  });
});
