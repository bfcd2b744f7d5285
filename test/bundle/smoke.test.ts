// The bundle as a whole: it does its job through nginx, shows nothing that is not for outside, and survives the loss of a part.
import { announcePair } from '../support/announce-pair.ts';
import { compose, containerOf, docker, eventually, get, TrackerClient } from '../support/bundle.ts';

const isWell = ({ status }: { status: number }): boolean => status === 200;

describe('the bundle', () => {
  it.each(['localhost', 'tracker.localhost'])('lets two clients of %s find each other', async (host) => {
    expect(await announcePair(host)).toEqual({
      offer: { type: 'offer', sdp: 'the offer' },
      answer: { type: 'answer', sdp: 'the answer' },
    });
  });

  it('shows pages and numbers', async () => {
    expect((await get('localhost', '/')).status).toBe(200);
    expect(JSON.parse((await get('localhost', '/stats.json')).body)).toHaveProperty('torrents');
  });

  it('says at the end of the start where everything is', async () => {
    const port = process.env['HTTP_PORT']!;
    const log = await eventually(
      'the last lines of the start',
      () => Promise.resolve(compose('logs', '--no-log-prefix', 'nginx')),
      (text) => text.includes('relay-swarm is ready'),
    );
    for (const line of [
      `http://localhost:${port}/`,
      `ws://localhost:${port}`,
      `http://localhost:${port}/ice-servers`,
    ])
      expect(log).toContain(line);
  });

  it('has every service under one name', async () => {
    expect((await get('localhost', '/peerjs/id')).body).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse((await get('localhost', '/ice-servers')).body)).toHaveProperty('iceServers');
  });

  it.each(['/metrics', '/healthz'])('keeps %s inside', async (path) => {
    for (const host of ['localhost', 'peerjs.localhost']) expect((await get(host, path)).status).toBe(404);
  });

  it('brings back a tracker that was killed, and its clients come back to it', async () => {
    const client = await TrackerClient.open('localhost');
    docker('kill', '--signal', 'KILL', containerOf('tracker'));
    await eventually(
      'the socket to close',
      () => Promise.resolve(client.isOpen),
      (isOpen) => !isOpen,
    );
    // Docker does not restart what `docker kill` ended; a crash is the same to everybody but Docker.
    const away = await get('localhost', '/stats.json');
    expect([away.status, away.headers['retry-after']]).toEqual([503, '5']);
    compose('up', '--detach', '--no-build', 'tracker');
    await eventually('the tracker', () => get('localhost', '/stats.json'), isWell);
    await announcePair('localhost');
  });

  it('restarts a tracker that crashes, without anybody', async () => {
    const container = containerOf('tracker');
    // Not process 1, which is the init, but the tracker below it.
    compose('exec', '-T', 'tracker', 'bash', '-c', 'kill -KILL $(cat /proc/1/task/1/children)');
    const restarts = await eventually(
      'the restart',
      () => Promise.resolve(docker('inspect', '--format', '{{.RestartCount}}', container)),
      (count) => Number(count) > 0,
    );
    expect(Number(restarts)).toBe(1);
    await eventually('the tracker', () => get('localhost', '/stats.json'), isWell);
    await announcePair('localhost');
  });

  it('starts again what does not answer', async () => {
    const container = containerOf('tracker');
    const restarts = (): Promise<number> =>
      Promise.resolve(Number(docker('inspect', '--format', '{{.RestartCount}}', container)));
    const before = await restarts();
    compose('exec', '-T', 'tracker', 'bash', '-c', 'kill -STOP $(cat /proc/1/task/1/children)');
    await eventually(
      'the restart',
      () => {
        try {
          compose('exec', '-T', 'tracker', 'healthy', '8000', '1');
        } catch {
          // it does not answer, or is just being ended
        }
        return restarts();
      },
      (count) => count > before,
    );
    await eventually('the tracker', () => get('localhost', '/stats.json'), isWell);
  });

  it('finds a tracker that was made anew at another address', async () => {
    await get('localhost', '/stats.json');
    compose('up', '--detach', '--no-build', '--force-recreate', 'tracker');
    await eventually('the tracker', () => get('localhost', '/stats.json'), isWell);
    const statuses = new Set<number>();
    for (let i = 0; i < 20; i += 1) statuses.add((await get('localhost', '/stats.json')).status);
    expect([...statuses]).toEqual([200]);
  });
});
