// What relay-seeder may take: of the disk, of memory, of connections; and that a magnet which nobody has keeps nothing else waiting.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnTracker, type TrackerProcess } from '../../../../tracker/test/support/tracker-process.ts';
import { memoryOf } from '../../../site/test/support/process-memory.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { runSeeder, type SeederProcess } from '../support/seeder-process.ts';
import { freePort } from '../../../../scripts/lib/free-port.mjs';

const LONG_MS = 120_000;
const MB = 1_000_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function eventually(is: () => boolean): Promise<void> {
  const untilMs = performance.now() + LONG_MS / 2;
  while (!is()) {
    if (performance.now() > untilMs) throw new Error('Cannot wait longer');
    await pause(100);
  }
}

describe('the limits of relay-seeder', () => {
  let folder: string;
  let tracker: TrackerProcess;
  const running: SeederProcess[] = [];
  const peers: RawPeer[] = [];
  const content = randomBytes(MB);
  const file = (name: string): string => join(folder, name);
  const seed = async (...args: string[]): Promise<SeederProcess> => {
    const roster = `http://127.0.0.1:${tracker.port}`;
    const folders = ['--state', file('state'), '--downloads', file('downloads')];
    const seeder = await runSeeder(['seed', ...args, '--roster', roster, ...folders]);
    running.push(seeder);
    return seeder;
  };
  const seedFilm = async (
    ...args: string[]
  ): Promise<{ seeder: SeederProcess; infoHash: string; port: number }> => {
    const port = await freePort();
    const seeder = await seed(file('film.bin'), '--port', String(port), ...args);
    return { seeder, port, infoHash: String((await seeder.event('seeding'))['infoHash']) };
  };
  const connect = async (port: number, infoHash: string): Promise<RawPeer> => {
    const peer = await RawPeer.connect(port, infoHash);
    peers.push(peer);
    return peer;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seeder-limits-'));
    await writeFile(file('film.bin'), content);
    tracker = await spawnTracker();
  });
  afterEach(() => {
    for (const peer of peers.splice(0)) peer.close();
    return Promise.all(running.splice(0).map((seeder) => seeder.stop()));
  });
  afterAll(async () => {
    await tracker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'refuses a download that does not fit on the disk, with what is there already, and takes one that does',
    async () => {
      await mkdir(file('downloads'), { recursive: true });
      await writeFile(join(folder, 'downloads', 'of-before.bin'), randomBytes(MB));
      const { seeder } = await seedFilm();
      const magnet = String((await seeder.event('seeding'))['magnet']);
      const refused = await seed(magnet, '--disk', '1500K');
      expect(await refused.event('error')).toMatchObject({
        message: expect.stringMatching(
          /^Cannot download "film.bin" \(1000000 bytes\): with the 1000000 bytes .* --disk/,
        ),
      });
      expect(await refused.ended).toBe(1);
      const taken = await seed(magnet, '--disk', '2500K');
      await taken.event('note', ({ message }) => String(message).includes('has arrived'));
    },
    LONG_MS,
  );

  it(
    'keeps as many peers as it may, over all torrents, and ends the others',
    async () => {
      const { port, infoHash } = await seedFilm('--connections', '2');
      const first = [await connect(port, infoHash), await connect(port, infoHash)];
      await Promise.all(first.map((peer) => peer.unchoked()));
      const late = [await connect(port, infoHash), await connect(port, infoHash)];
      await eventually(() => late.every(({ isOpen }) => !isOpen));
      expect(first.map(({ isOpen }) => isOpen)).toEqual([true, true]);
      first[0]!.close();
      await eventually(() => running[0]!.events.some(({ peers: count }) => count === 1));
      await (await connect(port, infoHash)).unchoked();
    },
    LONG_MS,
  );

  it(
    'reads no more for a peer that takes nothing than it may hold',
    async () => {
      const { seeder, port, infoHash } = await seedFilm('--memory', '10M');
      const deaf = await connect(port, infoHash);
      await deaf.unchoked();
      const before = memoryOf(seeder.pid);
      deaf.deafen();
      for (let i = 0; i < 2_000; i++) deaf.ask(i % 7, 0, 131_072); // 262 MB
      await pause(3_000); // long enough to read all of it
      expect(memoryOf(seeder.pid) - before).toBeLessThan(80 * MB);
      expect(deaf.isOpen).toBe(true);
    },
    LONG_MS,
  );

  // A slow machine sends less than it may, never more: so of the rate only the most is asserted, over four seconds or more and with twice of it.
  // Without a rate all of it has to come, however long a loaded machine takes.
  it(
    'sends no faster than it may, and all of it where nothing is said',
    async () => {
      const RATE = 50_000;
      const askForAll = async (...args: string[]): Promise<RawPeer> => {
        const { port, infoHash } = await seedFilm(...args);
        const peer = await connect(port, infoHash);
        await peer.unchoked();
        for (let at = 0; at < MB - 16_384; at += 16_384) peer.ask(at >> 14, 0, 16_384);
        return peer;
      };
      const slow = await askForAll('--upload', String(RATE));
      const beganMs = performance.now();
      await pause(4_000);
      expect(slow.receivedBytes / ((performance.now() - beganMs) / 1_000)).toBeLessThan(RATE * 2);
      const fast = await askForAll();
      await eventually(() => fast.receivedBytes > 900_000);
    },
    LONG_MS,
  );

  it(
    'takes no faster than it may',
    async () => {
      const RATE = 100_000;
      const { seeder } = await seedFilm();
      const magnet = String((await seeder.event('seeding'))['magnet']);
      await rm(file('downloads'), { recursive: true, force: true });
      const taking = await seed(magnet, '--download', String(RATE));
      await taking.event('seeding');
      const beganMs = performance.now();
      await taking.event('note', ({ message }) => String(message).includes('has arrived'));
      expect(MB / ((performance.now() - beganMs) / 1_000)).toBeLessThan(RATE * 2);
    },
    LONG_MS,
  );

  it(
    'seeds the next one while nobody has a magnet',
    async () => {
      const seeder = await seed(`magnet:?xt=urn:btih:${'ab'.repeat(20)}`, file('film.bin'));
      await seeder.event('seeding', ({ name }) => name === 'film.bin');
      expect(await seeder.stop()).toBe(0);
    },
    LONG_MS,
  );
});
