// The profile coturn: Debian's coturn with our settings and the secret that stun made, so that an operator can compare or switch.
import { TurnClient } from '../../stun/test/contracts/turn-client.ts';
import { compose, composeWith, eventually, get } from '../support/bundle.ts';

interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}
const turnServer = async (): Promise<IceServer | undefined> => {
  const { body } = await get('localhost', '/ice-servers');
  return (JSON.parse(body) as { iceServers: IceServer[] }).iceServers.find(
    (one) => one.credential !== undefined,
  );
};

describe('the profile coturn', () => {
  const port = Number(process.env['TEST_COTURN_PORT']);
  const url = `turn:127.0.0.1:${port}?transport=udp`;

  afterAll(() => {
    compose('--profile', 'coturn', 'rm', '--stop', '--force', 'coturn');
    compose('up', '--detach', '--no-build', '--wait');
  });

  it('takes the credentials that /ice-servers hands out with its address, and no others', async () => {
    const env = {
      ...process.env,
      COTURN_PORT: String(port),
      COTURN_RELAY_PORT_MIN: String(port + 1),
      COTURN_RELAY_PORT_MAX: String(port + 3),
      STUN_URLS: url,
    };
    composeWith(env, '--profile', 'coturn', 'up', '--detach', '--build', '--wait', 'stun', 'coturn');
    const { username, credential } = (await eventually(
      'the address of coturn in /ice-servers',
      turnServer,
      (server) => [server?.urls].flat().join() === url,
    ))!;
    const at = { transport: 'udp', host: '127.0.0.1', port } as const;
    const client = await TurnClient.connect(at, { username: username!, password: credential! });
    const stranger = await TurnClient.connect(at, { username: username!, password: `${credential!}x` });
    try {
      expect(await client.allocated()).toMatchObject({ address: '127.0.0.1' });
      expect((await stranger.allocate()).class).toBe('error');
    } finally {
      client.close();
      stranger.close();
    }
  });
});
