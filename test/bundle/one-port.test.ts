// The tracker's image by itself, as a platform with one port runs it.
import { request } from 'node:http';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { announcePair } from '../support/announce-pair.ts';
import { docker, eventually } from '../support/bundle.ts';

describe('the tracker on a platform with one port', () => {
  let container: string;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    const image = `relay-swarm/tracker:${process.env['RELAY_SWARM_VERSION'] ?? 'local'}`;
    container = docker(
      'run',
      '--detach',
      '--env',
      'PORT=10000',
      '--publish',
      `127.0.0.1:${port}:10000`,
      image,
      'one-port',
    );
  });
  afterAll(() => docker('rm', '--force', container));

  const status = (path: string): Promise<number> =>
    new Promise((resolve) => {
      const sent = request({ host: '127.0.0.1', port, path }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.on('error', () => resolve(0)).end();
    });

  it('listens on the port that the platform names', async () => {
    expect(
      await eventually(
        'the tracker',
        () => status('/healthz'),
        (code) => code === 200,
      ),
    ).toBe(200);
  });

  it('lets two clients find each other', async () => {
    expect(await announcePair('localhost', port)).toMatchObject({
      offer: { sdp: 'the offer' },
      answer: { sdp: 'the answer' },
    });
  });
});
