// What every container of the bundle must be, whatever it does. The same policy holds for every form of the bundle.
import { compose, composeWith } from '../support/bundle.ts';
import { policyFaults, type ComposeConfig } from '../support/policy.ts';
import { readRepositoryFile, repositoryFiles } from '../support/repository.ts';

/** The user of the image that a Dockerfile makes. */
const userOf = (dockerfile: string): string | undefined =>
  [...readRepositoryFile(dockerfile).matchAll(/^USER (.+)$/gm)].at(-1)?.[1];

const withProfiles = (env: NodeJS.ProcessEnv, ...files: readonly string[]): ComposeConfig =>
  JSON.parse(
    composeWith(
      env,
      ...files.flatMap((file) => ['--file', file]),
      '--profile',
      '*',
      'config',
      '--format',
      'json',
    ),
  ) as ComposeConfig;

describe('docker-compose.yml', () => {
  const config = JSON.parse(compose('config', '--format', 'json')) as ComposeConfig;

  const whole = withProfiles(process.env, 'docker-compose.yml');

  it('is hardened throughout', () => {
    expect(Object.keys(whole.services)).toEqual(expect.arrayContaining(['nginx', 'coturn', 'gun']));
    expect(policyFaults(whole, userOf)).toEqual([]);
  });

  it('publishes ports on this machine only', () => {
    const published = Object.values(whole.services).flatMap(({ ports = [] }) => ports);
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter(({ host_ip }) => host_ip !== '127.0.0.1')).toEqual([]);
  });

  it('is on the own network too where LAN_ADDRESS says so', () => {
    const { services } = withProfiles({ ...process.env, LAN_ADDRESS: '192.0.2.7' }, 'docker-compose.yml');
    const addresses = Object.values(services).flatMap(({ ports = [] }) =>
      ports.map(({ host_ip }) => host_ip),
    );
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1', '192.0.2.7']));
    expect(services['stun']!.environment).toMatchObject({
      PUBLIC_IP: '192.0.2.7',
      STUN_PUBLIC_HOST: '192.0.2.7',
    });
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
  const files = ['docker-compose.yml', 'docker-compose.deploy.yml'];
  const env = { ...process.env, DOMAIN: 'example.test', TRACKER_UDP_PORT: '6969' };
  const config = withProfiles(env, ...files);

  /** What others than this machine reach, but for the host's network. */
  const published = ({ services }: ComposeConfig): string[] =>
    Object.entries(services)
      .flatMap(([name, { ports = [] }]) =>
        ports
          .filter(({ host_ip }) => host_ip !== '127.0.0.1')
          .map((one) => `${name} ${one.published}/${one.protocol}`),
      )
      .sort();

  it('is hardened throughout', () => {
    const services = Object.keys(config.services);
    expect(services).toEqual(expect.arrayContaining(['certbot', 'coturn', 'grafana', 'gun', 'prometheus']));
    expect(policyFaults(config, userOf)).toEqual([]);
    expect(config.networks['edge']).toMatchObject({ internal: true });
  });

  it('is reachable from outside through nginx and the DHT port alone, and the TURN servers and the seeder on the host', () => {
    expect(published(config)).toEqual(['nginx 443/tcp', 'nginx 80/tcp', 'tracker 6881/udp']);
    const onHost = Object.keys(config.services).filter(
      (name) => config.services[name]!.network_mode === 'host',
    );
    expect(onHost).toEqual(['coturn', 'seeder', 'stun']);
  });

  it('stands behind another proxy on one plain port of this machine, with one file more', () => {
    const behind = withProfiles(env, ...files, 'docker-compose.behind-proxy.yml');
    expect(policyFaults(behind, userOf)).toEqual([]);
    expect(published(behind)).toEqual(['tracker 6881/udp']);
    expect(behind.services['nginx']!.ports).toEqual([
      expect.objectContaining({ host_ip: '127.0.0.1', target: 8080 }),
    ]);
    expect(behind.services['nginx']!.environment).toMatchObject({
      NGINX_FORM: 'plain',
      NGINX_TRUSTED_PROXIES: 'private',
    });
  });

  it('asks for no more than the smallest machine has, one processor', () => {
    const limits = Object.entries(config.services).map(([name, { deploy }]) => [
      name,
      deploy?.resources?.limits?.['cpus'],
    ]);
    expect(limits.filter(([, cpus]) => Number(cpus) > 1)).toEqual([]);
  });

  it('believes nobody but nginx who a client is', () => {
    const trusted = Object.entries(config.services).flatMap(([name, { environment }]) =>
      Object.entries(environment ?? {})
        .filter(([setting]) => setting.endsWith('_TRUSTED_PROXIES'))
        .map(([, value]) => [name, value]),
    );
    expect(trusted.filter(([, value]) => value !== '10.213.77.0/24')).toEqual([]);
    expect(trusted.length).toBe(4);
  });

  it('publishes the UDP announce port, or gives nginx IPv6, with one file more', () => {
    const more = withProfiles(env, ...files, 'docker-compose.udp.yml', 'docker-compose.ipv6.yml');
    expect(policyFaults(more, userOf)).toEqual([]);
    expect(published(more).filter((one) => !published(config).includes(one))).toEqual(['tracker 6969/udp']);
    expect([config.networks['public'], more.networks['public']]).toEqual([
      expect.not.objectContaining({ enable_ipv6: true }),
      expect.objectContaining({ enable_ipv6: true }),
    ]);
    const without = { ...env, TRACKER_UDP_PORT: '' };
    expect(() => withProfiles(without, ...files, 'docker-compose.udp.yml')).toThrow(
      /TRACKER_UDP_PORT is missing a value: is not set\. Set it in \.env/,
    );
  });

  it('says in a sentence that there is no .env, and what to do', () => {
    // The repository has none: what is set here is all.
    const without = { ...env, DOMAIN: '' };
    expect(() => withProfiles(without, ...files)).toThrow(
      /DOMAIN is missing a value: is not set\. Run scripts\/setup, or set it in \.env/,
    );
  });
});

describe('Dockerfiles', () => {
  it.each(repositoryFiles().filter((file) => file.endsWith('Dockerfile')))('%s names a release', (file) => {
    const images = [...readRepositoryFile(file).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
    expect(images.length).toBeGreaterThan(0);
    // A release of Debian, or of Node on one, which goes on getting its security fixes; of others one exact version.
    const release = /^(debian:trixie-slim|node:24-trixie-slim|(prom|grafana)\/\w+:v?\d+\.\d+\.\d+)$/;
    expect(images.filter((image) => !release.test(image))).toEqual([]);
  });
});
