// The player through whole relays: from relay-seeder and from a viewer after it has left, from /seed to a page of another origin in three tabs with
// two players each, and to the end of the film while the viewer's relay is killed. Chromium has two relays of the lab; Firefox has the bundle under
// test alone, because it streams through a service worker at localhost only, or with TLS.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSeeder, type SeederProcess } from '../../packages/seeder/test/support/seeder-process.ts';
import { FILM_SECONDS, makeFilm } from '../../packages/site/test/support/film.ts';
import { act, until, type Evaluator } from '../../packages/site/test/support/viewer.ts';
import { compose, eventually, get, port } from '../support/bundle.ts';
import { describeWithChromium, launchChromium, servePages, type PageServer } from '../support/chromium.ts';
import { describeWithFirefox, launchFirefox } from '../support/firefox.ts';
import { root } from '../support/repository.ts';
import { requireTool } from '../support/tools.ts';

const LONG_MS = 180_000;
const TABS = 3;
const PLAYERS = 2;
const REQUESTS = 10;
const NETWORK = '10.216.0';

/** Where a browser finds its relays, and how the first one dies. */
interface Place {
  readonly first: string;
  /** The same where there is only one. */
  readonly second: string;
  begin(): void;
  kill(): void;
  /** As it was before the kill. */
  end(): unknown;
}
const theLab: Place = {
  first: `http://${NETWORK}.11`,
  second: `http://${NETWORK}.12`,
  begin: () => {
    lab('down');
    process.stdout.write(lab('up', '2', 'nginx'));
  },
  kill: () => void lab('kill', '1'),
  end: () => void lab('down'),
};
const theBundle: Place = {
  first: `http://localhost:${port}`,
  second: `http://localhost:${port}`,
  begin: () => undefined,
  kill: () => void compose('kill', 'tracker'),
  end: () => {
    compose('start', 'tracker');
    const ask = () => get('localhost', '/stats.json');
    return eventually('the tracker', ask, ({ status }) => status === 200);
  },
};

const lab = (...args: readonly string[]): string =>
  execFileSync('scripts/lab', args, {
    cwd: root,
    env: {
      ...process.env,
      LAB_NAME: 'relay-swarm-player-test',
      LAB_NETWORK: NETWORK,
      HEALTH_INTERVAL: '30s',
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** What both browsers' libraries have in common. */
interface Tab extends Evaluator {
  goto(url: string): Promise<unknown>;
  frames(): readonly (Evaluator & { url(): string })[];
  bringToFront(): Promise<unknown>;
  close(): Promise<unknown>;
}
interface RealBrowser {
  /** Tabs that share their storage with each other and with no others. */
  openContext(): Promise<{ openTab(): Promise<Tab> }>;
  close(): Promise<unknown>;
}

async function startChromium(): Promise<RealBrowser> {
  const browser = await launchChromium([
    '--autoplay-policy=no-user-gesture-required',
    `--unsafely-treat-insecure-origin-as-secure=${theLab.first},${theLab.second}`, // a relay on a server has TLS
  ]);
  return {
    openContext: async () => {
      const context = await browser.newContext();
      return { openTab: () => context.newPage() };
    },
    close: () => browser.close(),
  };
}

async function startFirefox(): Promise<RealBrowser> {
  const browser = await launchFirefox();
  return {
    openContext: async () => {
      const context = await browser.createBrowserContext();
      return { openTab: () => context.newPage() };
    },
    close: () => browser.close(),
  };
}

requireTool('ffmpeg')('the player', () => {
  let folder: string;
  let film: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'player-'));
    film = await makeFilm();
    await writeFile(join(folder, 'of-seeder.webm'), film);
  }, LONG_MS);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const plays = (start: () => Promise<RealBrowser>, place: Place): void => {
    const { first, second } = place;
    let browser: RealBrowser;
    let blog: PageServer | undefined;
    let seeder: SeederProcess;
    let magnet: string;
    const open = async (url: string): Promise<Tab> => {
      const tab = await (await browser.openContext()).openTab();
      await tab.goto(url);
      return tab;
    };
    beforeAll(async () => {
      place.begin();
      browser = await start();
      const folders = ['--state', join(folder, 'state'), '--downloads', join(folder, 'downloads')];
      seeder = await runSeeder(['seed', join(folder, 'of-seeder.webm'), '--roster', second, ...folders]);
    }, LONG_MS * 2);
    afterAll(async () => {
      await Promise.all([browser.close(), seeder.kill(), blog?.close()]);
      await place.end();
    }, LONG_MS);

    it(
      'gets the film from relay-seeder, and from a viewer once it has left',
      async () => {
        const { magnet: told } = (await seeder.event('seeding')) as unknown as { magnet: string };
        const watch = (at: string): Promise<Tab> =>
          open(`${at}/watch?muted=1&autoplay=1&warningTitle=0#${told}`);
        const viewer = await watch(first);
        await until(viewer, 'playing', ({ time, way }) => time > 0.5 && way === 'stream');
        await act(viewer, 'while (!video.files[0].done) await new Promise((done) => setTimeout(done, 100))');
        expect(await seeder.stop()).toBe(0);
        const later = await watch(second);
        const playing = await until(later, 'the film from a viewer', ({ time }) => time > 0.5);
        expect([playing.fromServers, playing.fromPeers > 0]).toEqual([0, true]);
        await Promise.all([viewer.close(), later.close()]);
      },
      LONG_MS,
    );

    it(
      `plays in a page of others, in ${TABS} tabs with ${PLAYERS} players each, and no request fails`,
      async () => {
        const seed = await open(`${first}/seed`);
        const link = await seed.evaluate(`(async () => {
          const bytes = Uint8Array.from(atob(${JSON.stringify(film.toString('base64'))}), (char) => char.charCodeAt(0));
          const chosen = new DataTransfer();
          chosen.items.add(new File([bytes], 'film.webm', { type: 'video/webm' }));
          const input = document.querySelector('#files');
          input.files = chosen.files;
          input.dispatchEvent(new Event('change'));
          for (;;) {
            const link = document.querySelector('.code.link');
            if (link) return link.textContent;
            await new Promise((done) => setTimeout(done, 100));
          }
        })()`);
        magnet = String(link).split('#')[1]!;
        for (const relay of [first, second])
          expect(magnet).toContain(encodeURIComponent(relay.replace('http', 'ws')));

        const generator = await open(`${first}/embed-code#${magnet}`);
        const code = await generator.evaluate(`(async () => {
          for (const name of ['autoplay', 'muted', 'loop']) document.querySelector('[name=' + name + ']').checked = true;
          const question = document.querySelector('[name=warningTitle]');
          question.checked = false;
          question.dispatchEvent(new Event('input', { bubbles: true }));
          return document.querySelector('#code').textContent;
        })()`);
        await generator.close();
        const frames = Array.from({ length: PLAYERS }, () => String(code)).join('');
        blog = await servePages({ '/': `<!doctype html><title>blog</title><h1>Blog</h1>${frames}` });

        const context = await browser.openContext();
        const players: Evaluator[] = [];
        const tabs: Tab[] = [];
        for (let at = 0; at < TABS; at++) {
          const tab = await context.openTab();
          tabs.push(tab);
          await tab.goto(blog.url);
          await tab.bringToFront();
          await tab.evaluate("document.querySelector('iframe:last-of-type').scrollIntoView()");
          const embedded = await eventually(
            'the players',
            () => Promise.resolve(tab.frames().filter((frame) => frame.url().startsWith(`${first}/embed`))),
            ({ length }) => length === PLAYERS,
          );
          for (const frame of embedded)
            await until(frame, 'playing', ({ time, way }) => time > 0 && way === 'stream');
          players.push(...embedded);
        }
        const ask = `const address = await video.addressOf(video.files[0]);
          return Promise.all(Array.from({ length: ${REQUESTS} }, async (_, at) => {
            const response = await fetch(address, { headers: { range: 'bytes=' + at * 1000 + '-' + (at * 1000 + 999) } });
            return response.status + ' ' + (await response.arrayBuffer()).byteLength;
          }))`;
        const answers = (await Promise.all(players.map((player) => act(player, ask)))).flat();
        expect(answers).toEqual(Array.from({ length: TABS * PLAYERS * REQUESTS }, () => '206 1000'));
        await Promise.all(tabs.map((tab) => tab.close()));
      },
      LONG_MS,
    );

    it(
      'plays, seeks and finishes while its relay is killed in the middle, and goes on at the other',
      async () => {
        const viewer = await open(`${first}/watch?muted=1&autoplay=1&warningTitle=0&stats=1#${magnet}`);
        const begun = await until(viewer, 'playing', ({ time }) => time > 0.5);
        expect(begun.duration).toBeCloseTo(FILM_SECONDS, 0);
        place.kill();
        await act(viewer, `video.currentTime = ${FILM_SECONDS / 2}`);
        await until(viewer, 'playing on', ({ time }) => time > FILM_SECONDS / 2 + 0.5);
        await act(viewer, `video.currentTime = ${FILM_SECONDS - 2}`);
        const end = await until(viewer, 'the end', ({ ended }) => ended);
        expect([end.way, end.fromServers, end.fromPeers > 0]).toEqual(['stream', 0, true]);
        if (first === second) return;
        const other = await open(`${second}/watch?muted=1&autoplay=1&warningTitle=0#${magnet}`);
        await until(other, 'a newcomer at the other relay', ({ time }) => time > 0.5);
        await until(viewer, 'the relay that is left', ({ numbers }) =>
          /Relays\s+1 of \d+ · 10\.216\.0\.12/.test(numbers),
        );
      },
      LONG_MS,
    );
  };

  describeWithChromium('in Chromium', () => plays(startChromium, theLab));
  describeWithFirefox('in Firefox', () => plays(startFirefox, theBundle));
});
