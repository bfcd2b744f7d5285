import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from '../../scripts/test/support/tools.ts';
import { faultOf, render } from './support/nginx.ts';

requireTool('nginx')('render.sh', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'render-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes a configuration that nginx accepts', async () => {
    expect(await render(folder, { NGINX_ACCESS_LOG: join(folder, 'log') })).toEqual({
      ok: true,
      complaint: '',
    });
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
