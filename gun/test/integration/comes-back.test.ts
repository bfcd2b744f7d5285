// A page with the README's lines finds its relay again, however long that was away.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { eventually, GunClient, startGunRelay, type RunningRelay } from '../support/relays.ts';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

describe('a page that stays', () => {
  let relay: RunningRelay | undefined;
  let page: GunClient | undefined;
  afterEach(async () => {
    page?.stop();
    await relay?.stop();
  });

  it('has the lines of the README', () => {
    const [, lines = 'none'] = /```js\n( *const { mesh, peers }.*?)```/s.exec(read('../../README.md')) ?? [];
    expect(read('../support/gun-client.mjs')).toContain(lines.replace(/^ {2}/gm, '').trim());
  });

  it('goes on trying, and what it wrote meanwhile arrives', async () => {
    relay = await startGunRelay();
    page = new GunClient(relay.url);
    page.put('early', { text: 'here' });
    await page.saved('early');
    await relay.stop();
    const port = Number(new URL(relay.url).port);
    // As nginx does while the relay is away
    let refused = 0;
    const away = createServer().on('upgrade', (_request, socket) => {
      refused++;
      socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
    });
    await once(away.listen(port, '127.0.0.1'), 'listening');
    await eventually('two attempts', () => refused > 1);
    page.put('meanwhile', { text: 'kept' });
    away.close();
    await once(away, 'close');
    relay = await startGunRelay({ port });
    await page.saved('meanwhile');
    const reader = new GunClient(relay.url);
    try {
      for (const soul of ['early', 'meanwhile']) expect(await reader.once(soul)).toBe(true);
    } finally {
      reader.stop();
    }
  });
});
