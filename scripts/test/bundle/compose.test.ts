// What every container of the bundle must be, whatever it does. The same policy holds for every form of the bundle.
import { compose, composeWith } from '../support/bundle.ts';
import { policyFaults, type ComposeConfig } from '../support/policy.ts';

describe('docker-compose.yml', () => {
  const config = JSON.parse(compose('config', '--format', 'json')) as ComposeConfig;

  it('is hardened throughout', () => {
    expect(policyFaults(config)).toEqual([]);
  });

  it('publishes ports on this machine only', () => {
    const published = Object.values(config.services).flatMap(({ ports = [] }) => ports);
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter(({ host_ip }) => host_ip !== '127.0.0.1')).toEqual([]);
  });

  it.each(Object.keys(config.services))('runs %s without root', (service) => {
    const [uid] = compose('exec', '-T', service, 'id', '-u').trim().split('\n');
    expect(uid).toBe('1000');
  });

  it.each(Object.keys(config.services))('gives %s no disk to write to but its own', (service) => {
    expect(() =>
      compose('exec', '-T', service, 'bash', '-c', 'echo x >/opt/x || echo x >/app/x || echo x >~/x'),
    ).toThrow();
  });

  it('lets nginx read the shared files and not write them', () => {
    expect(() => compose('exec', '-T', 'nginx', 'touch', '/data/x')).toThrow(/Read-only/);
    expect(
      compose(
        'exec',
        '-T',
        'tracker',
        'sh',
        '-c',
        'touch /data/x && rm /data/x && touch /identity/x && rm /identity/x',
      ),
    ).toBe('');
  });

  it('keeps what stands behind nginx off the internet', () => {
    expect(config.networks['edge']).toMatchObject({ internal: true });
    for (const service of ['tracker', 'peerjs']) {
      expect(Object.keys(config.services[service]!.networks ?? {})).toEqual(['edge']);
    }
  });
});

describe('docker-compose.deploy.yml', () => {
  const files = ['--file', 'docker-compose.yml', '--file', 'docker-compose.deploy.yml'];
  const env = { ...process.env, DOMAIN: 'example.test' };
  const { services } = JSON.parse(
    composeWith(env, ...files, '--profile', '*', 'config', '--format', 'json'),
  ) as ComposeConfig;

  it('is hardened throughout', () => {
    expect(policyFaults({ services, networks: {} })).toEqual([]);
  });

  it('is reachable from outside through nginx and the DHT port alone, and the TURN servers on the host', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.filter(({ host_ip }) => host_ip !== '127.0.0.1').map((one) => `${name} ${one.published}`),
    );
    expect(published.sort()).toEqual(['nginx 443', 'nginx 80', 'tracker 6881']);
    expect(Object.keys(services).filter((name) => services[name]!.network_mode === 'host')).toEqual([
      'coturn',
      'stun',
    ]);
  });

  it('says in a sentence that the domain is missing', () => {
    const without = { ...env, DOMAIN: '' };
    expect(() => composeWith(without, ...files, 'config', '--quiet')).toThrow(
      /DOMAIN is missing a value: must be set in \.env/,
    );
  });
});
