// The operator's day on a server, with the shipped scripts: set-up, a look, a backup that is put back, an update that goes wrong.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { DeployedBundle, DOMAIN } from '../support/deploy.ts';
import { eventually } from '../support/bundle.ts';
import { namesInUse, Prometheus, promtoolComplaints } from '../support/prometheus.ts';
import { requireTool } from '../support/tools.ts';

requireTool('openssl', 'curl')('the operator', () => {
  let bundle: DeployedBundle;
  let ca: string;

  beforeAll(async () => {
    bundle = await DeployedBundle.prepare({ validitySeconds: 90 * 86_400 });
    ca = join(bundle.folder, 'root.pem');
    writeFileSync(ca, await bundle.pebble.root());
  });
  afterAll(() => bundle.remove());

  const get = (path: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const host = `tracker.${DOMAIN}`;
      const options = {
        host: '127.0.0.1',
        port: bundle.httpsPort,
        path,
        servername: host,
        headers: { host },
        rejectUnauthorized: false,
      };
      const sent = request({ ...options, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      });
      sent.on('error', reject).end();
    });

  const env = (): string => readFileSync(join(bundle.folder, '.env'), 'utf8');

  it.each([
    [
      'a dollar sign',
      'CERT_EMAIL=me$you@example.org',
      'CERT_EMAIL has a dollar sign, which docker compose replaces',
    ],
    ['a quote without end', 'CERT_EMAIL="me', 'CERT_EMAIL begins with a quote that is not closed'],
    ['a line that is none', 'CERT EMAIL me', 'is no setting. Write NAME=value'],
    ['a misspelt name', 'TRACKER_PROT=8000', 'nobody reads TRACKER_PROT. Is it misspelt?'],
    ['a domain with a scheme', 'DOMAIN=https://example.org', 'DOMAIN="https://example.org" is no domain'],
    ['no domain', 'DOMAIN=', 'DOMAIN is not set. Set it to your domain'],
    ['a missing COMPOSE_FILE', 'COMPOSE_FILE=', 'COMPOSE_FILE is missing'],
  ])('is told of %s in .env', async (_case, line, sentence) => {
    const before = env();
    appendFileSync(join(bundle.folder, '.env'), `${line}\n`);
    const { output } = await bundle.script('doctor', '--before');
    writeFileSync(join(bundle.folder, '.env'), before);
    expect(output).toContain(sentence);
  });

  it('is told that there is no .env, and that setup wants a domain', async () => {
    const before = env();
    rmSync(join(bundle.folder, '.env'));
    const [doctor, setup] = [await bundle.script('doctor'), await bundle.script('setup')];
    const stays = existsSync(join(bundle.folder, '.env'));
    writeFileSync(join(bundle.folder, '.env'), before, { mode: 0o600 });
    expect([doctor.code, doctor.output]).toEqual([
      1,
      expect.stringContaining('FAIL  .env: there is none. Run scripts/setup DOMAIN'),
    ]);
    expect([setup.code, setup.output, stays]).toEqual([2, expect.stringContaining('Say your domain'), false]);
  });

  it('sets everything up with one command, and every part is used once', async () => {
    const { code, output } = await bundle.script('setup', DOMAIN, '--ca', ca);
    for (const part of ['tracker', 'roster', 'peerjs', 'turn'])
      expect(output).toMatch(new RegExp(`^OK    ${part}: `, 'm'));
    expect(output).toContain(`&tr=wss%3A%2F%2Ftracker.${DOMAIN}`);
    expect(code).toBe(0);
    expect(readFileSync(join(bundle.folder, 'cron.d/relay-swarm'), 'utf8')).toMatch(
      /^\d+ 3,15 \* \* \* \w+ '.*\/scripts\/renew-certs\.sh' --quiet$/m,
    );
  });

  it('finds nothing wrong afterwards', async () => {
    const { code, output } = await bundle.script('doctor');
    expect(output).not.toMatch(/^FAIL/m);
    expect(output).toContain(`OK    challenge: answered under turn.${DOMAIN} over IPv4`);
    expect(output).toMatch(/^OK {4}certificate: /m);
    expect(code).toBe(0);
  });

  it('may run setup again: nothing is issued', async () => {
    const before = await bundle.servedCertificate();
    const { code, output } = await bundle.script('setup', '--ca', ca);
    expect([code, output]).toEqual([0, expect.stringContaining('Nothing to do: certificate')]);
    expect(await bundle.servedCertificate()).toEqual(before);
  });

  it('sees every number that the alerts and the dashboard speak of, through a real Prometheus', async () => {
    expect(promtoolComplaints()).toBe('');
    const address = async (service: string): Promise<string> => {
      const id = (await bundle.compose('ps', '--quiet', service)).trim();
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      return (await bundle.run('docker', 'inspect', '--format', format, id)).output.split(' ')[0]!;
    };
    const prometheus = await Prometheus.start(join(bundle.folder, 'prometheus'), {
      'tracker:8000': `${await address('tracker')}:8000`,
      'peerjs:9000': `${await address('peerjs')}:9000`,
      'nginx:8082': `${await address('nginx')}:8082`,
      'stun:8478': `${/EDGE_GATEWAY=(.*)$/m.exec(env())![1]!}:8478`,
    });
    try {
      const areUp = (targets: readonly { health: string }[]) =>
        targets.length === 4 && targets.every(({ health }) => health === 'up');
      await eventually('the targets', () => prometheus.targets(), areUp);
      const known = await prometheus.names();
      expect(namesInUse().length).toBeGreaterThan(20);
      expect(namesInUse().filter((name) => !known.includes(name))).toEqual([]);
    } finally {
      await prometheus.stop();
    }
  });

  it('is told what does not work when a part is down', async () => {
    await bundle.compose('stop', 'peerjs');
    const [smoke, doctor] = [await bundle.script('smoke', '--ca', ca), await bundle.script('doctor')];
    await bundle.compose('up', '--detach', '--wait', 'peerjs');
    expect([smoke.code, smoke.output]).toEqual([1, expect.stringMatching(/^FAIL {2}peerjs: /m)]);
    expect([doctor.code, doctor.output]).toEqual([
      1,
      expect.stringContaining('FAIL  peerjs: not running. Run: docker compose up'),
    ]);
  });

  it('puts a backup back: the same certificate, identity and secret', async () => {
    const identity = async () =>
      (await bundle.compose('exec', '-T', 'tracker', 'sh', '-c', 'cat /identity/* | sha256sum')).trim();
    const secret = async () =>
      (await bundle.compose('exec', '-T', 'stun', 'sh', '-c', 'cat /secret/* | sha256sum')).trim();
    const before = [await bundle.servedCertificate(), await identity(), await secret(), env()];
    expect((await bundle.script('backup', 'saved.tar')).code).toBe(0);
    expect((await bundle.script('restore', 'saved.tar')).output).toContain(
      'The bundle is running. Run: docker compose down',
    );
    await bundle.compose('--profile', 'tools', 'down', '--volumes', '--timeout', '5');
    writeFileSync(join(bundle.folder, '.env'), env().replace(/^HEALTH_INTERVAL=.*$/m, 'HEALTH_INTERVAL=3s'));

    const restored = await bundle.script('restore', 'saved.tar');
    expect([restored.code, restored.output]).toEqual([
      0,
      expect.stringContaining('Now run: docker compose up'),
    ]);
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
    expect([await bundle.servedCertificate(), await identity(), await secret(), env()]).toEqual(before);
    expect((await bundle.script('renew-certs.sh', '--quiet')).code).toBe(0);
  });

  it('is back at the version before when an update does not work', async () => {
    const file = join(bundle.folder, 'nginx/entrypoint.sh');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { code, output } = await bundle.script('update', '--no-pull', '--ca', ca);
    writeFileSync(file, before);
    expect([code, output]).toEqual([3, expect.stringContaining('The version before runs again')]);
    expect((await get('/stats.json')).status).toBe(200);
  });

  it('updates', async () => {
    const { code, output } = await bundle.script('update', '--no-pull', '--ca', ca);
    expect([code, output]).toEqual([0, expect.stringContaining('The new version runs')]);
  });

  it.each(['tracker', 'nginx', 'peerjs', 'stun'])('need not do anything when %s crashes', async (service) => {
    const container = (await bundle.compose('ps', '--quiet', service)).trim();
    await bundle.compose('exec', '-T', service, 'bash', '-c', 'kill -KILL $(cat /proc/1/task/1/children)');
    for (let i = 0; i < 60; i += 1) {
      const { output } = await bundle.run(
        'docker',
        'inspect',
        '--format',
        '{{.State.Health.Status}} {{.RestartCount}}',
        container,
      );
      if (/^healthy [1-9]/.test(output)) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const { code, output } = await bundle.script('smoke', '--ca', ca);
    expect([code, output]).toEqual([0, expect.not.stringContaining('FAIL')]);
  });

  it('may let TURN share port 443: clients are told, and seen with their own address', async () => {
    appendFileSync(join(bundle.folder, '.env'), 'TURNS_443=on\n');
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
    const { iceServers } = JSON.parse((await get('/ice-servers')).body) as {
      iceServers: { urls: string[] }[];
    };
    expect(iceServers.flatMap(({ urls }) => urls)).toContain(`turns:turn.${DOMAIN}:443?transport=tcp`);

    const socket = connect({
      host: '127.0.0.1',
      port: bundle.httpsPort,
      servername: `turn.${DOMAIN}`,
      rejectUnauthorized: false,
    });
    const binding = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
    const answer = await new Promise<Buffer>((resolve, reject) => {
      socket.on('error', reject).once('data', resolve).write(binding);
    });
    socket.destroy();
    // XOR-MAPPED-ADDRESS over IPv4 is the first attribute that has this head (RFC 8489 §14.2).
    const at = answer.indexOf(Buffer.from('0020000800', 'hex'));
    const address = [0, 1, 2, 3].map((i) => answer[at + 8 + i]! ^ binding[4 + i]!).join('.');
    const inner = /EDGE_GATEWAY=(.*)\.1$/m.exec(env())![1]!;
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(address.startsWith(`${inner}.`)).toBe(false); // that would be nginx
  });

  it('has scripts that say what they do, and refuse what they do not know', async () => {
    const scripts = readdirSync(join(bundle.folder, 'scripts'), { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.mjs'))
      .map(({ name }) => name);
    expect(scripts.length).toBeGreaterThan(6);
    for (const script of scripts) {
      const [help, wrong] = [
        await bundle.script(script, '--help'),
        await bundle.script(script, '--nonsense'),
      ];
      expect([script, help.code, help.output]).toEqual([
        script,
        0,
        expect.stringContaining(`scripts/${script}`),
      ]);
      expect([script, wrong.code]).toEqual([script, 2]);
    }
  });
});
