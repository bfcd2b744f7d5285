// relay-seeder as somebody runs it: to a stock WebTorrent page over WebRTC, to another seeder over TCP, through a restart, and with a folder.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeWithChromium, launchChromium } from '../../../../test/support/chromium.ts';
import { requireFound } from '../../../../test/support/tools.ts';
import { downloadInStockPage } from '../../../site/test/support/stock-seeder.ts';
import { spawnTracker, type TrackerProcess } from '../../../../tracker/test/support/tracker-process.ts';
import { runSeeder, type SeederEvent, type SeederProcess } from '../support/seeder-process.ts';

const LONG_MS = 120_000;
const LIBTORRENT = join(import.meta.dirname, '../../../../test/support/clients/libtorrent-client.py');
/** The name, where the system's Python has it. */
const hasPythonModule = (name: string): string | undefined =>
  spawnSync('/usr/bin/python3', ['-c', `import ${name}`]).status === 0 ? name : undefined;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('relay-seeder', () => {
  let folder: string;
  let tracker: TrackerProcess;
  const running: SeederProcess[] = [];
  const content = randomBytes(700_000);
  const file = (name: string): string => join(folder, name);
  const run = async (...args: string[]): Promise<SeederProcess> => {
    const roster = `http://127.0.0.1:${tracker.port}`;
    const seeder = await runSeeder([...args, '--roster', roster]);
    running.push(seeder);
    return seeder;
  };
  const seed = (...args: string[]): Promise<SeederProcess> =>
    run('seed', ...args, '--state', file('state'), '--downloads', file('downloads'));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seeder-'));
    await writeFile(file('film.bin'), content);
    tracker = await spawnTracker();
  });
  afterEach(() => Promise.all(running.splice(0).map((seeder) => seeder.stop())));
  afterAll(async () => {
    await tracker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'hashes once, also when it was killed, and again when the file has changed',
    async () => {
      const first = await seed(file('film.bin'));
      const told = await first.event('seeding');
      expect(told).toMatchObject({ name: 'film.bin', bytes: content.length, isHashed: true });
      expect(told['magnet']).toMatch(/&tr=ws%3A%2F%2F[^&]+&tr=http%3A%2F%2F[^&]+%2Fannounce$/);
      expect(told['watch']).toBe(`http://127.0.0.1:${tracker.port}/watch#${String(told['magnet'])}`);
      await first.kill();
      const again = await (await seed(file('film.bin'))).event('seeding');
      expect(again).toMatchObject({ infoHash: told['infoHash'], isHashed: false });
      await writeFile(file('other.bin'), 'one');
      expect(await (await seed(file('other.bin'))).event('seeding')).toMatchObject({ isHashed: true });
      await writeFile(file('other.bin'), 'two!');
      expect(await (await seed(file('other.bin'))).event('seeding')).toMatchObject({ isHashed: true });
    },
    LONG_MS,
  );

  it(
    'gives the file to another one over TCP, which goes on seeding it after a restart without hashing',
    async () => {
      const { magnet } = (await (await seed(file('film.bin'))).event('seeding')) as SeederEvent & {
        magnet: string;
      };
      const http = magnet.replace(/&tr=ws[^&]*/g, ''); // only what a client without WebRTC understands
      const other = await seed(http);
      await other.event('note', ({ message }) => String(message).includes('has arrived'));
      expect(sha256(await readFile(join(folder, 'downloads', 'film.bin')))).toBe(sha256(content));
      expect(await other.stop()).toBe(0);
      expect(await (await seed(http)).event('seeding')).toMatchObject({ isHashed: false });
    },
    LONG_MS,
  );

  it(
    'seeds what appears in its folder, and ends what leaves it',
    async () => {
      const watched = file('watched');
      await mkdir(watched);
      const seeder = await seed('--watch', watched);
      await writeFile(join(watched, 'new.bin'), randomBytes(20_000));
      await seeder.event('seeding', ({ name }) => name === 'new.bin');
      await rm(join(watched, 'new.bin'));
      await seeder.event('note', ({ message }) => message === 'No longer seeding new.bin');
    },
    LONG_MS,
  );

  it(
    'seeds a file of its folder anew once it has changed',
    async () => {
      const watched = file('watched-changes');
      await mkdir(watched);
      await writeFile(join(watched, 'film.bin'), randomBytes(20_000));
      const seeder = await seed('--watch', watched);
      const { infoHash } = await seeder.event('seeding');
      await writeFile(join(watched, 'film.bin'), randomBytes(30_000));
      const again = await seeder.event('seeding', (event) => event['infoHash'] !== infoHash);
      expect(again).toMatchObject({ name: 'film.bin', bytes: 30_000, isHashed: true });
      expect(seeder.events.filter(({ event }) => event === 'error')).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'seeds a folder of its folder once it is whole, and anew once something inside has changed',
    async () => {
      const watched = file('watched-folders');
      await mkdir(join(watched, 'album/inner'), { recursive: true });
      await writeFile(join(watched, 'album/one.bin'), randomBytes(20_000));
      const seeder = await seed('--watch', watched);
      await seeder.event('seeding', ({ bytes }) => bytes === 20_000);
      await writeFile(join(watched, 'album/inner/two.bin'), randomBytes(30_000));
      await seeder.event('seeding', ({ bytes }) => bytes === 50_000);
      await writeFile(join(watched, 'album/inner/two.bin'), randomBytes(40_000));
      await seeder.event('seeding', ({ bytes }) => bytes === 60_000);
      await rm(join(watched, 'album/one.bin'));
      await seeder.event('seeding', ({ bytes }) => bytes === 40_000);
      await rm(join(watched, 'album'), { recursive: true });
      await seeder.event('note', ({ message }) => message === 'No longer seeding album');
      const told = seeder.events.filter(({ event }) => event === 'seeding' || event === 'error');
      expect(told.map(({ name, bytes }) => [name, bytes])).toEqual(
        [20_000, 50_000, 60_000, 40_000].map((bytes) => ['album', bytes]),
      );
    },
    LONG_MS,
  );

  it(
    'seeds a folder as one torrent, and takes it from its .torrent',
    async () => {
      await mkdir(file('album/inner'), { recursive: true });
      await writeFile(file('album/one.bin'), content.subarray(0, 100_000));
      await writeFile(file('album/inner/two.bin'), content.subarray(100_000, 150_000));
      const seeder = await seed(file('album'));
      expect(await seeder.event('seeding')).toMatchObject({ name: 'album', bytes: 150_000 });
      expect(seeder.events.filter(({ event }) => event === 'progress').at(-1)).toMatchObject({
        percent: 100,
      });
      const torrent = file('album.torrent');
      expect(await (await run('make', file('album'), '-o', torrent)).ended).toBe(0);
      const other = await seed(torrent);
      await other.event('note', ({ message }) => message === 'All of album has arrived');
      const got = await readFile(join(folder, 'downloads', 'album', 'inner', 'two.bin'));
      expect(got.equals(content.subarray(100_000, 150_000))).toBe(true);
    },
    LONG_MS,
  );

  it(
    'downloads and seeds the magnets of a list, over the trackers of --trackers',
    async () => {
      const { infoHash } = await (await seed(file('film.bin'))).event('seeding');
      await writeFile(file('magnets.txt'), `# films\nmagnet:?xt=urn:btih:${String(infoHash)}\n`);
      const announce = `http://127.0.0.1:${tracker.port}/announce`;
      const folders = ['--state', file('state-of-list'), '--downloads', file('of-list')];
      const bot = await run('seed', '--list', file('magnets.txt'), '--trackers', announce, ...folders);
      await bot.event('note', ({ message }) => String(message).includes('has arrived'));
      expect(sha256(await readFile(join(folder, 'of-list', 'film.bin')))).toBe(sha256(content));
      expect(String((await bot.event('seeding'))['magnet'])).toContain(encodeURIComponent(announce));
    },
    LONG_MS,
  );

  it(
    'seeds no more torrents than it may, and tells its trackers when it stops',
    async () => {
      // A file of its own: a seeder that was killed in another test stays in film.bin's swarm, since its announces over HTTP had no end.
      await writeFile(file('first.bin'), randomBytes(20_000));
      await writeFile(file('second.bin'), 'two');
      const seeder = await seed(file('first.bin'), file('second.bin'), '--torrents', '1');
      const { infoHash } = await seeder.event('seeding');
      const refused = await seeder.event('error');
      expect(refused['message']).toMatch(/the most is 1 torrents \(--torrents\)$/);
      const hash = String(infoHash).replace(/../g, '%$&');
      const seeds = async (): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${tracker.port}/scrape?info_hash=${hash}`);
        return /completei(\d+)e/.exec(Buffer.from(await answer.arrayBuffer()).toString('latin1'))?.[1] ?? '0';
      };
      while ((await seeds()) === '0') await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await seeder.stop()).toBe(0);
      expect(seeder.events.at(-1)).toEqual({ event: 'stopped' });
      while ((await seeds()) !== '0') await new Promise((resolve) => setTimeout(resolve, 100));
    },
    LONG_MS,
  );

  it(
    'makes a .torrent with trackers, checks files against it, and says what is damaged',
    async () => {
      const torrent = file('film.torrent');
      const made = await run('make', file('film.bin'), '-o', torrent);
      expect(await made.ended).toBe(0);
      expect((await readFile(torrent)).toString('latin1')).toMatch(/^d8:announce\d+:ws:/);
      const good = await runSeeder(['verify', torrent, folder]);
      expect([await good.ended, good.events.at(-1)]).toEqual([
        0,
        { event: 'note', message: 'All of film.bin is there and right' },
      ]);
      await mkdir(file('damaged'));
      await writeFile(
        join(folder, 'damaged', 'film.bin'),
        Buffer.concat([randomBytes(20_000), content.subarray(20_000)]),
      );
      const bad = await runSeeder(['verify', torrent, file('damaged')]);
      expect(await bad.ended).toBe(1);
      expect(bad.events.at(-1)).toMatchObject({
        event: 'error',
        message: expect.stringMatching(/^film.bin: 9\d %/),
      });
    },
    LONG_MS,
  );

  requireFound({ 'python3-libtorrent': hasPythonModule('libtorrent') })('with libtorrent', () => {
    it(
      'gives the file to it over TCP',
      async () => {
        const torrent = file('film.torrent');
        expect(await (await run('make', file('film.bin'), '-o', torrent)).ended).toBe(0);
        await (await seed(file('film.bin'))).event('seeding');
        const got = file('libtorrent');
        await mkdir(got);
        const client = spawn('/usr/bin/python3', [LIBTORRENT, got, '0', torrent], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        try {
          for await (const line of createInterface({ input: client.stdout }))
            if (line === 'got film.bin') break;
          expect(sha256(await readFile(join(got, 'film.bin')))).toBe(sha256(content));
        } finally {
          client.kill('SIGKILL');
        }
      },
      LONG_MS,
    );
  });

  it.each([
    [['/no/such/file'], /no such file or folder/],
    [['magnet:?xt=urn:btih:abc'], /Put it in quotes/],
    [['film', '--upload', 'fast'], /20M or 2G/],
    [['film', '--tracker', 'no host'], /'-t, --tracker .*the address of a tracker.*but is "no host"/],
    [['film', '--roster', 'ftp://x'], /'-r, --roster .*the address of a relay.*but is "ftp:\/\/x"/],
    [[], /Nothing to seed/],
  ])('refuses %j with a sentence, and ends', async (args, sentence) => {
    const seeder = await seed(...args);
    expect(await seeder.ended).toBe(1);
    expect(seeder.events.map(({ message }) => String(message)).join('\n') + seeder.errors).toMatch(sentence);
  });

  it('refuses to seed what is empty, and to make or check what is not there', async () => {
    await writeFile(file('empty.bin'), '');
    for (const [args, sentence] of [
      [['seed', file('empty.bin'), '--state', file('state')], /empty\.bin": it is empty/],
      [['make', file('nowhere')], /There is no file or folder ".*nowhere"/],
      [['verify', file('nowhere.torrent'), folder], /There is no file or folder ".*nowhere.torrent"/],
    ] as const) {
      const seeder = await runSeeder(args);
      expect(await seeder.ended).toBe(1);
      expect(
        seeder.events.at(-1)?.['event'] === 'stopped' ? seeder.events.at(-2) : seeder.events.at(-1),
      ).toMatchObject({ message: expect.stringMatching(sentence) });
    }
  });

  describeWithChromium('with Chromium', () => {
    it(
      'gives the file to a page with the stock WebTorrent',
      async () => {
        const { magnet } = (await (await seed(file('film.bin'))).event('seeding')) as SeederEvent & {
          magnet: string;
        };
        const browser = await launchChromium();
        try {
          expect(await downloadInStockPage(browser, magnet)).toBe(sha256(content));
        } finally {
          await browser.close();
        }
      },
      LONG_MS,
    );
  });
});
