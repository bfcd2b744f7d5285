import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetrics, type Metrics } from '../src/metrics.ts';
import { createOperations, createOperationsServer, type Health } from '../src/operations.ts';
import { SettingsError } from '../src/settings.ts';

describe('the operations server', () => {
  const metrics = createMetrics('operations_test');
  let health: Health = { ok: true, state: 'ok' };
  const at = { host: '127.0.0.1', port: 0, settingName: 'KIT_PORT' };
  const open = async (source: Metrics = metrics) => {
    const part = createOperationsServer(
      createOperations(
        source,
        () => health,
        ({ headers }) => headers['x-test'] !== 'a neighbour',
      ),
      at,
    );
    await part.start();
    const { port } = part.server.address() as AddressInfo;
    return { part, port, url: `http://127.0.0.1:${port}` };
  };
  let running: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    running = await open();
  });
  afterAll(() => running.part.stop());

  it('says 200 while the service can do its job, and 503 while not', async () => {
    const fine = await fetch(`${running.url}/healthz`);
    expect([fine.status, await fine.json()]).toEqual([200, { ok: true, state: 'ok' }]);
    health = { ok: false, state: 'draining' };
    const draining = await fetch(`${running.url}/healthz?verbose=1`);
    expect([draining.status, await draining.json()]).toEqual([503, health]);
    health = { ok: true, state: 'ok' };
    expect(fine.headers.get('cache-control')).toBe('no-store');
  });

  it('gives Prometheus its text', async () => {
    const response = await fetch(`${running.url}/metrics`);
    expect(response.headers.get('content-type')).toBe(metrics.contentType);
    expect(await response.text()).toContain('operations_test_process_cpu_seconds_total');
  });

  it('has no metrics for others, who are told so', async () => {
    const response = await fetch(`${running.url}/metrics`, { headers: { 'x-test': 'a neighbour' } });
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ error: 'not_found' }),
    ]);
    expect((await fetch(`${running.url}/healthz`, { headers: { 'x-test': 'a neighbour' } })).status).toBe(
      200,
    );
  });

  it('answers HEAD without a body and refuses what would change something', async () => {
    const head = await fetch(`${running.url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${running.url}/metrics`, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await post.json()).toMatchObject({ error: 'method' });
  });

  it.each(['/', '/healthz/', '/metrics.json', '//healthz', '/%68ealthz'])(
    'knows nothing of %s',
    async (path) => {
      const response = await fetch(running.url + path);
      expect([response.status, await response.json()]).toEqual([
        404,
        { error: 'not_found', message: 'Nothing is here' },
      ]);
    },
  );

  it('says 500 where the metrics fail, and lives on', async () => {
    const broken = await open({ ...metrics, text: () => Promise.reject(new Error('boom')) });
    expect((await fetch(`${broken.url}/metrics`)).status).toBe(500);
    expect((await fetch(`${broken.url}/healthz`)).status).toBe(200);
    await broken.part.stop();
  });

  it('names the port and the setting where the port is taken', async () => {
    const other = createOperationsServer(() => false, { ...at, port: running.port });
    await expect(other.start()).rejects.toThrow(SettingsError);
    const again = createOperationsServer(() => false, { ...at, port: running.port });
    await expect(again.start()).rejects.toThrow(
      `Cannot listen on port ${running.port} for operations: another program uses it. Stop that program, or set KIT_PORT to a free port`,
    );
    await again.stop();
  });

  it('says so where the address is not one of ours', async () => {
    const elsewhere = createOperationsServer(() => false, { ...at, host: '192.0.2.1' });
    await expect(elsewhere.start()).rejects.toThrow("the address 192.0.2.1 is not one of this machine's");
  });

  it('stops with a connection still open, and frees its port', async () => {
    const short = await open();
    await fetch(`${short.url}/healthz`); // fetch keeps the connection for its next request
    await short.part.stop();
    const successor = createServer();
    await new Promise<void>((resolve) => successor.listen(short.port, '127.0.0.1', resolve));
    successor.close();
  });
});
