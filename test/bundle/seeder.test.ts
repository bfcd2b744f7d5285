// Compose profile seeder: what is put into the media folder is seeded, has a web seed at nginx, plays in a browser, and is not hashed again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFilm } from '../../packages/site/test/support/film.ts';
import { act, agree, until } from '../../packages/site/test/support/viewer.ts';
import { compose, composeWith, docker, eventually, port } from '../support/bundle.ts';
import { describeWithChromium, launchChromium } from '../support/chromium.ts';
import { requireTool } from '../support/tools.ts';

const LONG_MS = 180_000;
/** Its image is built first. */
const BUILD_MS = 600_000;

interface Seeding {
  readonly event: string;
  readonly name: string;
  readonly watch: string;
  readonly isHashed: boolean;
}
function told(): Seeding[] {
  const container = compose('--profile', 'seeder', 'ps', '--all', '--quiet', 'seeder').trim();
  const lines = docker('logs', container).split('\n');
  const events = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Seeding);
  return events.filter(({ event }) => event === 'seeding');
}

function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on('error', reject).end();
  });
}

requireTool('ffmpeg')('the profile seeder', () => {
  let film: Buffer;
  beforeAll(async () => {
    const env = { ...process.env, LOG_FORMAT: 'json' };
    composeWith(env, '--profile', 'seeder', 'up', '--detach', '--build', '--wait', 'seeder');
    film = await makeFilm();
    const folder = await mkdtemp(join(tmpdir(), 'media-'));
    await writeFile(join(folder, 'film.webm'), film, { mode: 0o644 });
    compose('--profile', 'seeder', 'cp', join(folder, 'film.webm'), 'seeder:/media/film.webm');
    await rm(folder, { recursive: true });
  }, BUILD_MS);
  afterAll(() => {
    compose('--profile', 'seeder', 'rm', '--stop', '--force', 'seeder');
  });

  it(
    'seeds what was put into its folder',
    async () => {
      const [seeding] = await eventually(
        'the film',
        () => Promise.resolve(told()),
        (all) => all.length > 0,
      );
      expect(seeding).toMatchObject({ name: 'film.webm', isHashed: true });
      const webSeed = encodeURIComponent(`http://localhost:${port}/media/film.webm`);
      expect(seeding!.watch).toContain(`http://localhost:${port}/watch#magnet:`);
      expect(seeding!.watch).toContain(`&ws=${webSeed}`);
    },
    LONG_MS,
  );

  it('serves it in ranges, to pages of any origin, and nothing hidden', async () => {
    const part = await ask('GET', '/media/film.webm', { range: 'bytes=1000-1999' });
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 1000-1999/${film.length}`]);
    expect(part.body.equals(film.subarray(1000, 2000))).toBe(true);
    expect(part.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Content-Range'),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    const preflight = await ask('OPTIONS', '/media/film.webm', {
      origin: 'https://example.org',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'range',
    });
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([204, '*']);
    for (const path of ['/media/', '/media/.hidden', '/media/a/.git/config', '/media/..%2f..%2fetc%2fpasswd'])
      expect([403, 404, 400]).toContain((await ask('GET', path)).status);
  });

  describeWithChromium('with Chromium', () => {
    it(
      'is played, with what nginx serves',
      async () => {
        const browser = await launchChromium(['--autoplay-policy=no-user-gesture-required']);
        try {
          const page = await browser.newPage();
          await page.goto(told()[0]!.watch);
          await agree(page);
          // Peers and a web seed together: packages/site/test/integration/ways.test.ts. Here nginx has sent all before two peers have met.
          const done = await until(page, 'the film', ({ time, fromPeers, fromServers }) => {
            return time > 1 && fromServers > 0 && fromPeers + fromServers >= film.length;
          });
          expect(done.way).toBe('stream');
          await act(page, 'video.currentTime = video.duration - 1');
          await until(page, 'the end', ({ ended }) => ended);
        } finally {
          await browser.close();
        }
      },
      LONG_MS,
    );
  });

  it(
    'does not hash again after a restart',
    async () => {
      const before = told().length;
      compose('--profile', 'seeder', 'restart', 'seeder');
      const all = await eventually(
        'the film again',
        () => Promise.resolve(told()),
        ({ length }) => length > before,
      );
      expect(all.at(-1)).toMatchObject({ name: 'film.webm', isHashed: false });
    },
    LONG_MS,
  );

  it('runs without root, and writes to its own folders only', () => {
    const inside = (command: string): string =>
      compose('--profile', 'seeder', 'exec', '-T', 'seeder', 'bash', '-c', command);
    expect(inside('id -u').trim()).toBe('1000');
    for (const folder of ['/app', '~', '/']) expect(() => inside(`echo x >${folder}/x`)).toThrow();
  });
});
