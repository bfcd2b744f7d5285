// Bad input over real sockets, against a tracker in a process of its own. All the while a pair of honest pages must be served as if nothing were.
import { HandClient } from './support/hand-client.ts';
import { garbage } from './support/garbage.ts';
import { createDice, type Dice } from '../../test/fuzz/mutate.ts';
import { frame, OPCODE, RawClient, upgradeRequest } from './support/raw-client.ts';
import { spawnTracker, type TrackerProcess } from './support/tracker-process.ts';
import { until } from '../../test/support/until.ts';

const FRAMES = Number(process.env['HOSTILE_FRAMES'] ?? 100_000);
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 1_000_000);
const MEGABYTE = 1_048_576;

const unlimited = {
  TRACKER_ANNOUNCES_PER_SECOND: '1000000',
  TRACKER_ANNOUNCES_BURST: '1000000',
  TRACKER_MESSAGES_PER_SECOND: '1000000',
  TRACKER_MESSAGES_BURST: '1000000',
  TRACKER_FAULTS_MAX: '1000000',
  TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1000000',
};

describe('the tracker under attack', () => {
  let tracker: TrackerProcess;
  let honest: HonestPair;
  let raw: RawClient[];

  async function start(env: Record<string, string> = {}): Promise<void> {
    tracker = await spawnTracker(env);
    honest = await HonestPair.open(tracker.url);
    raw = [];
  }

  /** The honest pair was served, and the process is as it was. */
  afterEach(async () => {
    for (const client of raw) client.close();
    const served = await honest.end();
    const exitCode = tracker.isAlive ? await tracker.stop() : 'it had died before';
    expect({ exitCode, output: tracker.output }).toEqual({ exitCode: 0, output: '' });
    expect(served.rounds).toBeGreaterThan(2);
    console.log(`the slowest of ${served.rounds} honest round trips took ${served.slowestMs.toFixed(0)} ms`);
  });

  const open = async (): Promise<RawClient> => keep(await RawClient.open(tracker.port));
  const connect = async (): Promise<RawClient> => keep(await RawClient.connect(tracker.port));
  function keep(client: RawClient): RawClient {
    raw.push(client);
    return client;
  }

  const residentBytes = (): Promise<number> => tracker.metric('tracker_process_resident_memory_bytes');

  it(`reads ${FRAMES} damaged messages and forgets them`, async () => {
    process.stdout.write(`hostile: ${FRAMES} messages, seed ${SEED} (HOSTILE_FRAMES, HOSTILE_SEED)\n`);
    await start(unlimited);
    const random = createDice(SEED);
    const rounds = 10;
    const sizes: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const senders = await Promise.all(Array.from({ length: 10 }, open));
      // Half of them begin as Graffiti peers; the first frame decides the protocol.
      const proofs = senders.map((_, index) =>
        index % 2 ? randomProof(random) : '{"action":"scrape","info_hash":[]}',
      );
      await Promise.all(
        senders.map(async (sender, index) => {
          await sender.send(frame(proofs[index]!));
          await sendGarbage(sender, random, FRAMES / rounds / senders.length);
          sender.close();
        }),
      );
      sizes.push(await residentBytes());
    }
    // A connection is closed for few of these messages, so nearly all of them were read.
    expect(await tracker.metric('tracker_frames_in_total')).toBeGreaterThan(0.9 * FRAMES);
    await until('two peers', async () => (await tracker.metric('tracker_peers')) === 2);
    expect(await tracker.metric('tracker_swarms')).toBe(1);
    expect(await tracker.metric('tracker_graffiti_peers')).toBe(0);
    expect(Math.max(...sizes.slice(rounds / 2)) - Math.max(...sizes.slice(0, rounds / 2))).toBeLessThan(
      64 * MEGABYTE,
    );
  }, 120_000);

  it('survives bytes that are no WebSocket frames, no HTTP and no UTF-8', async () => {
    await start(unlimited);
    const random = createDice(SEED);
    const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));
    for (let round = 0; round < 30; round++) {
      const clients = await Promise.all([open(), open(), open(), open(), connect(), connect(), connect()]);
      await Promise.all([
        clients[0].send(noise(1 + random(300))),
        clients[1].send(frame(noise(50))),
        clients[2].send(frame(noise(50), { opcode: OPCODE.binary })),
        clients[3].send(frame(noise(random(200)), { opcode: random(16), isLast: random(2) === 0 })),
        clients[4].send(noise(1 + random(300))),
        clients[5].send(upgradeRequest.slice(0, random(upgradeRequest.length)).concat('\r\n\r\n')),
        clients[6].send(
          `GET ${'/%ff?'.repeat(random(400))} HTTP/1.1\r\nHost: x\r\n${'X-Y: z\r\n'.repeat(random(300))}\r\n`,
        ),
      ]);
      for (const client of clients) client.socket.end();
      await Promise.all(clients.map((client) => Promise.race([client.closed, pause(200)])));
      for (const client of clients) client.close();
    }
  }, 60_000);

  it('cuts off frames beyond the limit, in one piece, in many, or only claimed', async () => {
    await start();
    const tooLarge = 65_537;
    const [whole, claimed, huge, pieces, endless] = await Promise.all([
      open(),
      open(),
      open(),
      open(),
      open(),
    ]);
    await whole.send(frame('x'.repeat(tooLarge)));
    await claimed.send(frame('{', { claimedBytes: tooLarge }));
    await huge.send(frame('{', { claimedBytes: Number.MAX_SAFE_INTEGER }));
    await pieces.send(frame('x'.repeat(40_000), { isLast: false }));
    await pieces.send(frame('x'.repeat(40_000), { opcode: OPCODE.continuation }));
    for (let piece = 0; piece < 1_000; piece++) {
      await endless.send(
        frame('x', { opcode: piece === 0 ? OPCODE.text : OPCODE.continuation, isLast: false }),
      );
    }
    await within(15_000, Promise.all([whole, claimed, huge, pieces, endless].map((client) => client.closed)));
  }, 60_000);

  it('ends who floods it with pongs or fragments, without doing their work first', async () => {
    await start();
    const [pongs, fragments] = await Promise.all([open(), open()]);
    await pongs.send(Buffer.concat(Array.from({ length: 20_000 }, () => frame('', { opcode: OPCODE.ping }))));
    for (let round = 0; round < 40; round++) {
      const parts = Array.from({ length: 40 }, (_, part) =>
        frame(' ', { opcode: part === 0 ? OPCODE.text : OPCODE.continuation, isLast: part === 39 }),
      );
      await fragments.send(Buffer.concat(parts));
    }
    await until('both to be closed', async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${tracker.port}/metrics`)).text();
      return metrics.includes('tracker_connections_ended_total{reason="control_frames"} 2');
    });
    expect(pongs.receivedBytes).toBeLessThan(5_000);
  }, 60_000);

  it('holds little of messages that do not end, and not for long', async () => {
    await start({ ...unlimited, TRACKER_FIRST_FRAME_SECONDS: '3' });
    const clients = await Promise.all(Array.from({ length: 60 }, open));
    const before = await residentBytes();
    const pongs = Buffer.concat(
      Array.from({ length: 8 }, () => frame('x'.repeat(125), { opcode: OPCODE.ping })),
    );
    // One byte of a message, and then what fills the rest of a read: what was read must not stay in memory for that byte.
    for (let part = 0; part < 60; part++)
      await Promise.all(
        clients.map((client) =>
          client.send(
            Buffer.concat([
              frame('x', { opcode: part === 0 ? OPCODE.text : OPCODE.continuation, isLast: false }),
              pongs,
            ]),
          ),
        ),
      );
    await Promise.all(clients.map((client) => client.settle()));
    expect(await residentBytes()).toBeLessThan(before + 60 * MEGABYTE);
    await within(15_000, Promise.all(clients.map((client) => client.closed)));
    expect(await tracker.metric('tracker_unfinished_messages')).toBe(0);
  }, 60_000);

  it('ends connections that stay half-open: no request, half a request, no message, no pong', async () => {
    await start({
      TRACKER_REQUEST_SECONDS: '1',
      TRACKER_FIRST_FRAME_SECONDS: '1',
      TRACKER_PING_SECONDS: '1',
    });
    const [nothing, half, silent, deaf] = await Promise.all([connect(), connect(), open(), open()]);
    await half.send(upgradeRequest.slice(0, 40));
    await deaf.send(
      frame(JSON.stringify({ action: 'announce', info_hash: 'd'.repeat(20), peer_id: 'd'.repeat(20) })),
    );
    await within(10_000, Promise.all([nothing, half, silent, deaf].map((client) => client.closed)));
    await until('one swarm', async () => (await tracker.metric('tracker_swarms')) === 1);
  }, 60_000);

  it('waits for a slow message, and for a slow request only so long', async () => {
    await start({ TRACKER_REQUEST_SECONDS: '2' });
    const [slow, slowest] = [await open(), await connect()];
    const message = frame('{"action":"scrape","info_hash":[]}');
    for (const byte of message) {
      await slow.send(Buffer.from([byte]));
      await pause(20);
    }
    await within(
      10_000,
      (async () => {
        while (!slow.tail.includes('"files":{}')) await pause(10);
      })(),
    );
    const dripping = (async () => {
      for (const char of upgradeRequest) {
        if (!slowest.isOpen) return;
        await slowest.send(char);
        await pause(100);
      }
    })();
    await within(15_000, slowest.closed);
    await dripping;
  }, 60_000);

  it('slows down and then ends a flood of good messages', async () => {
    await start();
    const flooder = await open();
    const announce = frame(
      JSON.stringify({ action: 'announce', info_hash: 'f'.repeat(20), peer_id: 'f'.repeat(20) }),
    );
    const many = Buffer.concat(Array<Buffer>(1_000).fill(announce));
    await within(
      10_000,
      (async () => {
        while (flooder.isOpen) await flooder.send(many);
      })(),
    );
    expect(await tracker.metric('tracker_frames_in_total')).toBeLessThan(20_000);
  }, 60_000);

  it('ends a peer that asks and asks and never reads', async () => {
    await start(unlimited);
    const before = await residentBytes();
    const deaf = await open();
    deaf.socket.pause();
    const scrape = frame(
      JSON.stringify({
        action: 'scrape',
        info_hash: Array.from({ length: 50 }, (_, index) => String(index).padStart(20)),
      }),
    );
    const many = Buffer.concat(Array<Buffer>(100).fill(scrape));
    await within(
      20_000,
      (async () => {
        while (deaf.isOpen && (await tracker.metric('tracker_connections')) > 2)
          await Promise.race([deaf.send(many), pause(1_000)]);
      })(),
    );
    expect((await residentBytes()) - before).toBeLessThan(100 * MEGABYTE);
  }, 40_000);

  it('takes only so many connections from one address', async () => {
    await start({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '50' });
    const crowd = await Promise.all(Array.from({ length: 200 }, open));
    const refused = crowd.filter((client) => client.tail.includes('429'));
    expect(refused).toHaveLength(152); // two places are the honest pair's
    await within(15_000, Promise.all(refused.map((client) => client.closed)));
  }, 60_000);
});

/** Two honest pages of one swarm: offer and answer, again and again, each with the time it took. */
class HonestPair {
  readonly #asking: HandClient;
  readonly #answering: HandClient;
  readonly #ran: Promise<void>;
  #isOver = false;
  #rounds = 0;
  #slowestMs = 0;

  private constructor(asking: HandClient, answering: HandClient) {
    this.#asking = asking;
    this.#answering = answering;
    this.#ran = this.#run();
    this.#ran.catch(() => undefined); // end() tells
  }

  static async open(url: string): Promise<HonestPair> {
    return new HonestPair(await HandClient.open(url), await HandClient.open(url));
  }

  async end(): Promise<{ rounds: number; slowestMs: number }> {
    this.#isOver = true;
    await this.#ran;
    this.#asking.close();
    this.#answering.close();
    return { rounds: this.#rounds, slowestMs: this.#slowestMs };
  }

  async #run(): Promise<void> {
    const base = { action: 'announce', info_hash: 'honest swarm'.padEnd(20), left: 1 };
    const [asking, answering] = ['asking', 'answering'].map((name) => ({
      ...base,
      peer_id: name.padEnd(20),
    }));
    this.#answering.send(answering);
    await this.#answering.takeReply();
    do {
      const startedAtMs = performance.now();
      const offerId = String(this.#rounds).padStart(20, '0');
      this.#asking.send({
        ...asking,
        numwant: 1,
        offers: [{ offer: { type: 'offer', sdp: 'o' }, offer_id: offerId }],
      });
      await this.#asking.takeReply();
      const offer = await this.#answering.takeOffer();
      this.#answering.send({
        ...answering,
        to_peer_id: offer['peer_id'],
        offer_id: offerId,
        answer: { type: 'answer', sdp: 'a' },
      });
      const answer = await this.#asking.takeAnswer();
      if (answer['offer_id'] !== offerId)
        throw new Error(`Cannot trust the tracker: found the answer ${JSON.stringify(answer)}`);
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAtMs);
      this.#rounds++;
      await pause(150); // announces are limited to 10 a second
    } while (!this.#isOver || this.#rounds < 3);
  }
}

async function sendGarbage(client: RawClient, random: Dice, count: number): Promise<void> {
  const batch = 200;
  for (let sent = 0; sent < count && client.isOpen; sent += batch) {
    await client.send(Buffer.concat(Array.from({ length: batch }, () => frame(garbage(random)))));
    await client.settle();
  }
}

const randomProof = (random: Dice): string =>
  Array.from({ length: 64 }, () => random(36).toString(36)).join('');

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Cannot wait longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
