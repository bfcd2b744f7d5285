// The built pages as nginx and as the tracker serve them: the same addresses, the same headers.
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { NginxUnderTest } from '../../../nginx/test/support/nginx.ts';
import { root } from '../../../test/support/repository.ts';
import { requireTool } from '../../../test/support/tools.ts';
import { startTracker, type RunningTracker } from '../../../tracker/test/support/tracker.ts';
import { buildSite, ensureSite } from '../build.mjs';

let site: string;
let tracker: RunningTracker;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'site-'));
  await chmod(site, 0o755); // where root starts nginx, its workers are nobody
  await buildSite(join(site, 'www'));
  tracker = await startTracker({ TRACKER_SITE_DIR: join(site, 'www') });
});
afterAll(async () => {
  await tracker.stop();
  await rm(site, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, headers: { host: 'localhost', ...headers } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(parts),
        }),
      );
    });
    sent.on('error', reject).end();
  });
}

function answersLikeASite(port: () => number): void {
  it.each(['/', '/watch', '/embed', '/embed-code', '/seed', '/status'])(
    'serves %s, small and fresh',
    async (path) => {
      const plain = await get(port(), path);
      expect([plain.status, plain.headers['cache-control']]).toEqual([200, 'no-cache']);
      expect(plain.headers['content-type']).toMatch(/^text\/html; ?charset=utf-8$/i);
      const [, policy] = /<meta http-equiv="content-security-policy" content="([^"]+)">/.exec(
        plain.body.toString(),
      )!;
      expect(policy).toMatch(/^default-src 'none'; script-src 'self';/); // nothing inline, no eval
      const packed = await get(port(), path, { 'accept-encoding': 'gzip' });
      expect(packed.headers['content-encoding']).toBe('gzip');
      expect(packed.body.length).toBeLessThan(plain.body.length);
    },
  );

  it('lets anybody frame the player, and nobody else frame anything else', async () => {
    expect((await get(port(), '/embed')).headers['content-security-policy']).toBe('frame-ancestors *');
    for (const path of ['/', '/watch', '/seed'])
      expect((await get(port(), path)).headers['content-security-policy']).toBe("frame-ancestors 'self'");
  });

  it('serves what a page needs for ever, and what others load to others', async () => {
    const html = (await get(port(), '/')).body.toString();
    const [script] = /\/assets\/index-[A-Z0-9]+\.js/.exec(html)!;
    expect((await get(port(), script)).headers['cache-control']).toContain('immutable');
    for (const path of ['/client.js', '/client-iife.js', '/swarm-video.js', '/sw.js']) {
      const { status, headers } = await get(port(), path);
      expect([status, headers['access-control-allow-origin'], headers['cache-control']]).toEqual([
        200,
        '*',
        'no-cache',
      ]);
      expect(headers['content-type']).toMatch(/javascript/);
    }
  });

  it.each(['bytes=5-2', 'bytes=-', 'bytes=999999999-', 'bytes=a-b', 'nonsense'])(
    'lives on after a range of %s',
    async (range) => {
      await get(port(), '/icon.svg', { range });
      expect((await get(port(), '/icon.svg')).status).toBe(200);
    },
  );

  it('leaves WebSockets and the rest to the tracker', async () => {
    for (const path of ['/', '/watch']) {
      const socket = new WebSocket(`ws://127.0.0.1:${port()}${path}`);
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      socket.terminate();
    }
    expect(JSON.parse((await get(port(), '/stats.json')).body.toString())).toHaveProperty('torrents');
    expect((await get(port(), '/no-such-page')).status).toBe(404);
    expect((await get(port(), '/..%2f..%2fetc%2fpasswd')).status).toBeGreaterThanOrEqual(400);
  });

  it('tells how to embed a page, and only a page of its own', async () => {
    const magnet = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=A%20%22film%22`;
    const page = encodeURIComponent(`http://localhost/watch?muted=1#${magnet}`);
    const answer = JSON.parse(
      (await get(port(), `/oembed?url=${page}&maxwidth=320`)).body.toString(),
    ) as Record<string, unknown>;
    expect(answer).toMatchObject({
      version: '1.0',
      type: 'video',
      width: 320,
      height: 180,
      title: 'A "film"',
    });
    expect(answer['html']).toMatch(
      /^<iframe src="http:\/\/localhost\/embed\?muted=1#magnet:[^"]+" title="A &quot;film&quot;"/,
    );
    for (const url of ['http://evil.example/watch', 'http://localhost/watch', 'nonsense', ''])
      expect((await get(port(), `/oembed?url=${encodeURIComponent(url)}`)).status).toBe(404);
  });
}

describe('the pages, served by the tracker', () => {
  answersLikeASite(() => tracker.port);
});

requireTool('nginx')('the pages, served by nginx', () => {
  let nginx: NginxUnderTest;
  let bare: RunningTracker;
  beforeAll(async () => {
    bare = await startTracker(); // has no pages, so that they can come from nginx alone
    nginx = await NginxUnderTest.start({
      SITE_DIR: join(site, 'www'),
      TRACKER_UPSTREAM: `127.0.0.1:${bare.port}`,
      NGINX_REQUESTS_PER_SECOND_MAX: '1000',
    });
  });
  afterAll(async () => {
    await nginx.stop();
    await bare.stop();
  });
  answersLikeASite(() => nginx.port);

  it('are there while the tracker is down', async () => {
    const alone = await NginxUnderTest.start({
      SITE_DIR: join(site, 'www'),
      TRACKER_UPSTREAM: '127.0.0.1:9',
    });
    expect((await get(alone.port, '/')).body.toString()).toContain('<h1>');
    await alone.stop();
  });
});

describe('the build', () => {
  it('loads at most 200 kB for the first look at /watch, packed', async () => {
    const html = await readFile(join(site, 'www', 'watch.html'), 'utf8');
    const linked = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(linked.length).toBeGreaterThan(2);
    const [, engine] = (await readdir(join(site, 'www', 'assets')))
      .join('\n')
      .match(/^(webtorrent\S+\.js)$/m)!;
    const all = ['/watch.html', '/sw.js', `/assets/${engine!}`, ...linked];
    const sizes = await Promise.all(
      all.map(async (path) => (await stat(join(site, 'www', `${path}.gz`))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000);
  });

  it('names no other host in a page', async () => {
    const html = await readFile(join(site, 'www', 'index.html'), 'utf8');
    expect(html.match(/(?:src|href)="(?!\/|#)[^"]*"/g)).toBeNull();
  });

  it('is made again once something is newer than it, and only then', async () => {
    const www = join(site, 'www');
    const made = async (): Promise<number> => (await stat(join(www, 'index.html'))).ino;
    const first = await made();
    await ensureSite(www);
    expect(await made()).toBe(first);
    const newest = (await stat(join(root, 'packages', 'site', 'pages', 'index.html'))).mtimeMs / 1_000;
    await utimes(www, newest, newest);
    await ensureSite(www);
    expect(await made()).not.toBe(first);
  });
});
