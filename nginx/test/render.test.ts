import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from '../../test/support/tools.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { faultOf, placeholder, render } from './support/nginx.ts';

requireTool('nginx')('render.sh', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'render-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([
    ['plain', ''],
    ['tls', ''],
    ['tls', 'on'],
  ])('writes a configuration that nginx accepts: %s, TURN on 443: "%s"', async (NGINX_FORM, TURNS_443) => {
    const TLS_DIR = join(folder, 'tls');
    await promisify(execFile)(placeholder, [TLS_DIR]);
    const NGINX_ACCESS_LOG = join(folder, 'log');
    expect(await render(folder, { NGINX_FORM, TURNS_443, TLS_DIR, NGINX_ACCESS_LOG })).toEqual({
      ok: true,
      complaint: '',
    });
    expect(await faultOf(folder)).toBeUndefined();
  });

  it('takes names of the greatest length that DNS allows', async () => {
    const domain = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(52)}`;
    const TLS_DIR = join(folder, 'tls');
    await promisify(execFile)(placeholder, [TLS_DIR]);
    const names = {
      TRACKER_NAMES: `tracker.${domain}`,
      PEERJS_NAMES: `peerjs.${domain}`,
      TURN_NAME: `turn.${domain}`,
    };
    const settings = { NGINX_FORM: 'tls', TURNS_443: 'on', TLS_DIR, NGINX_ACCESS_LOG: join(folder, 'log') };
    expect(await render(folder, { ...settings, ...names })).toMatchObject({ ok: true });
    expect(await faultOf(folder)).toBeUndefined();
  });

  it('tells every wrong setting at once and writes nothing', async () => {
    const { ok, complaint } = await render(folder, {
      NGINX_FORM: 'fast',
      TRACKER_NAMES: 'localhost; return 200',
      NGINX_CONNECTIONS_MAX: '-1',
      TRACKER_UPSTREAM: 'tracker',
    });
    expect(ok).toBe(false);
    for (const name of [
      'NGINX_FORM="fast"',
      'TRACKER_NAMES=',
      'NGINX_CONNECTIONS_MAX="-1"',
      'TRACKER_UPSTREAM="tracker"',
    ]) {
      expect(complaint).toContain(name);
    }
    expect(await readdir(folder)).toEqual([]);
  });
});
