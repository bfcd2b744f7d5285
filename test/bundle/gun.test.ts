// The worked example of a further service: compose profile gun, behind nginx, and told of in /relays.json.
import { WebSocket } from 'ws';
import { compose, composeWith, eventually, get, port } from '../support/bundle.ts';
import type { ComposeConfig } from '../support/policy.ts';

const URL_OF_GUN = `http://gun.localhost:${port}/gun`;

/** The first frame that gun says through nginx. */
function handshake(): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/gun`, {
    headers: { host: `gun.localhost:${port}` },
    handshakeTimeout: 10_000,
  });
  return new Promise<string>((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve(data.toString('utf8')));
    socket.once('error', reject);
  }).finally(() => socket.terminate());
}

const services = async (): Promise<unknown> =>
  (JSON.parse((await get('localhost', '/relays.json')).body) as { relays: { services: unknown }[] }).relays[0]
    ?.services;

describe('the profile gun', () => {
  afterAll(() => {
    compose('--profile', 'gun', 'rm', '--stop', '--force', 'gun');
    compose('up', '--detach', '--no-build', '--wait');
  });

  it('does not run by itself, and its name says so', async () => {
    const { status, headers, body } = await get('gun.localhost', '/gun');
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(JSON.parse(body)).toMatchObject({ error: 'unavailable' });
  });

  it('is reached through nginx only', () => {
    const config = JSON.parse(compose('--profile', 'gun', 'config', '--format', 'json')) as ComposeConfig;
    expect(Object.keys(config.services['gun']!.networks ?? {})).toEqual(['edge']);
  });

  it('answers behind nginx and is told of to browsers', async () => {
    const env = { ...process.env, RELAY_SERVICES: `gun=${URL_OF_GUN}` };
    composeWith(env, '--profile', 'gun', 'up', '--detach', '--build', '--wait', 'gun', 'tracker');
    await eventually(
      'gun behind nginx',
      () => get('gun.localhost', '/gun'),
      ({ status }) => status === 426,
    );
    expect(JSON.parse(await handshake())).toMatchObject({ dam: '?' });
    await eventually(
      'the roster',
      services,
      (found) => JSON.stringify(found) === JSON.stringify({ gun: URL_OF_GUN }),
    );
    for (const path of ['/healthz', '/metrics']) expect((await get('gun.localhost', path)).status).toBe(404);
  });

  it('runs without root, and without a disk to write to', () => {
    const inside = (command: string): string =>
      compose('--profile', 'gun', 'exec', '-T', 'gun', 'bash', '-c', command);
    expect(inside('id -u').trim()).toBe('1000');
    for (const folder of ['/data', '/app', '~']) expect(() => inside(`echo x >${folder}/x`)).toThrow();
  });
});
