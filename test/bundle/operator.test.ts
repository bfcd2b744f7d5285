// The operator's day on a server, with the shipped scripts: set-up, a look, a backup that is put back, an update that goes wrong.
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { DeployedBundle, DOMAIN, REALM } from '../support/deploy.ts';
import { eventually } from '../support/bundle.ts';
import { namesInUse, Prometheus, promtoolComplaints } from '../support/prometheus.ts';
import { requireTool } from '../support/tools.ts';
import { Upstream } from '../support/upstream.ts';
import { freeUdpPort } from '../../scripts/lib/free-port.mjs';

requireTool(
  'openssl',
  'curl',
  'git',
)('the operator', () => {
  let bundle: DeployedBundle;
  let ca: string;
  let udpPort: number;

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
  const edgeGateway = (): string => /EDGE_GATEWAY=(.*)$/m.exec(env())![1]!;

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

  it('is told that the names do not lead here, before the authority is asked', async () => {
    const file = join(bundle.folder, 'bin/.curlrc');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replaceAll(`:${bundle.httpPort}`, ':1'));
    const { code, output } = await bundle.script('setup', DOMAIN);
    writeFileSync(file, before);
    expect([code, output]).toEqual([
      4,
      expect.stringMatching(/^FAIL {2}challenge: tracker\.example\.test does not lead to this nginx/m),
    ]);
    expect(output).toContain('so it was not asked');
    expect(output).not.toContain('Requesting a certificate');
  });

  it('sets everything up with one command, and every part is used once', async () => {
    const { code, output } = await bundle.script('setup', DOMAIN, '--ca', ca);
    for (const part of ['tracker', 'roster', 'peerjs', 'turn', 'turns'])
      expect(output).toMatch(new RegExp(`^OK    ${part}: `, 'm'));
    expect(output).toContain('Requesting a certificate');
    expect(output).toContain(`&tr=wss%3A%2F%2Ftracker.${DOMAIN}`);
    expect(code).toBe(0);
    expect(readFileSync(join(bundle.folder, 'cron.d/relay-swarm'), 'utf8')).toMatch(
      /^\d+ 3,15 \* \* \* \w+ '.*\/scripts\/renew-certs\.sh' --quiet$/m,
    );
  });

  it('finds nothing wrong afterwards', async () => {
    const { code, output } = await bundle.script('doctor');
    expect(output).not.toMatch(/^FAIL/m);
    for (const line of [
      `DNS: turn.${DOMAIN} leads to ${edgeGateway()}, this server`,
      'nginx: healthy',
      `challenge: answered under turn.${DOMAIN} over IPv4`,
      `TURN: turn:turn.${DOMAIN}:`,
      `TURN over TLS: turns:turn.${DOMAIN}:`,
      'certificate: nginx serves this one',
      'certificate: stun serves this one',
      'renewals: the last run was 0 hours ago',
    ])
      expect(output).toContain(`OK    ${line}`);
    expect(code).toBe(0);
  });

  it('may use dollar signs in single quotes: containers and scripts get the whole value', async () => {
    expect(env()).toContain(`STUN_REALM='${REALM}'\n`);
    const inStun = await bundle.compose('exec', '-T', 'stun', 'printenv', 'STUN_REALM');
    const read = await bundle.run('bash', '-c', 'source scripts/lib/common.sh; setting STUN_REALM');
    expect([inStun, read.stdout]).toEqual([`${REALM}\n`, `${REALM}\n`]);
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
      'stun:8478': `${edgeGateway()}:8478`,
    });
    try {
      const areUp = (targets: readonly { health: string }[]) =>
        targets.length === 4 && targets.every(({ health }) => health === 'up');
      await eventually('the targets', () => prometheus.targets(), areUp);
      const known = await prometheus.names();
      // Those of a cluster: cluster.test.ts.
      const names = namesInUse().filter((name) => !name.includes('_cluster_'));
      expect(names.length).toBeGreaterThan(20);
      expect(names.filter((name) => !known.includes(name))).toEqual([]);
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

  describe('updates', () => {
    const ENTRYPOINT = 'nginx/entrypoint.sh';
    let upstream: Upstream;
    let good: string;
    beforeAll(() => {
      upstream = new Upstream(bundle.folder);
    });
    afterAll(() => upstream.remove());

    const update = (...args: readonly string[]) => bundle.script('update', '--ca', ca, ...args);
    /** What the nginx that runs was built from. */
    const inNginx = () => bundle.compose('exec', '-T', 'nginx', 'cat', '/opt/nginx/entrypoint.sh');
    const edit = (file: string, text: string) => appendFileSync(join(bundle.folder, file), text);
    const onMain = (commit: string, changes = '') => ({ branch: 'main', commit, changes });

    it('to the newest version, and is told of new settings', async () => {
      upstream.publish('.env.example', (text) => `${text}#NGINX_NEW_THING=1\n`);
      good = upstream.publish(ENTRYPOINT, (text) => `${text}# newer\n`);
      const { code, output } = await update();
      expect([code, output]).toEqual([0, expect.stringContaining('The new version runs')]);
      expect(output).toContain('New settings, explained in .env.example: NGINX_NEW_THING');
      expect([upstream.clone, await inNginx()]).toEqual([onMain(good), expect.stringContaining('# newer')]);
    });

    it('when there is nothing new', async () => {
      const { code, output } = await update();
      expect([code, output]).toEqual([0, expect.stringContaining('Nothing is new, and everything works')]);
    });

    it('not where a change of theirs would be lost', async () => {
      upstream.publish(ENTRYPOINT, () => '#!/bin/sh\nexit 1\n');
      edit(ENTRYPOINT, '# mine\n');
      const { code, output } = await update();
      expect([code, output]).toEqual([1, expect.stringContaining('Nothing was changed')]);
      expect(upstream.clone).toEqual(onMain(good, `M ${ENTRYPOINT}`));
      expect(readFileSync(join(bundle.folder, ENTRYPOINT), 'utf8')).toMatch(/# newer\n# mine\n$/);
      await bundle.run('git', 'checkout', '--quiet', ENTRYPOINT);
    });

    it('and is back at the version before when the new one does not work, with their own changes', async () => {
      edit('README.md', 'mine\n');
      const { code, output } = await update();
      expect([code, output]).toEqual([3, expect.stringContaining('The version before runs again')]);
      expect([upstream.clone, await inNginx()]).toEqual([
        onMain(good, 'M README.md'),
        expect.stringContaining('# newer'),
      ]);
      expect((await get('/stats.json')).status).toBe(200);
    });

    it('not when it cannot be built', async () => {
      upstream.publish('nginx/Dockerfile', (text) => `${text}RUN false\n`);
      const { code, output } = await update();
      expect([code, output]).toEqual([1, expect.stringContaining('The running bundle was not touched')]);
      expect(upstream.clone).toEqual(onMain(good, 'M README.md'));
    });

    it('to a version that is mended, and back by hand', async () => {
      upstream.publish('nginx/Dockerfile', (text) => text.replace('RUN false\n', ''));
      const mended = upstream.publish(
        ENTRYPOINT,
        () => `${readFileSync(join(bundle.folder, ENTRYPOINT), 'utf8')}# mended\n`,
      );
      expect((await update()).code).toBe(0);
      expect([upstream.clone, await inNginx()]).toEqual([
        onMain(mended, 'M README.md'),
        expect.stringContaining('# mended'),
      ]);

      const back = await bundle.script('update', '--rollback');
      expect([back.code, back.output]).toEqual([0, expect.stringContaining('The version before runs again')]);
      expect([upstream.clone, await inNginx()]).toEqual([
        onMain(good, 'M README.md'),
        expect.not.stringContaining('# mended'),
      ]);
    });

    it('without git', async () => {
      edit(ENTRYPOINT, '# by hand\n');
      const { code, output } = await update('--no-pull');
      expect([code, output]).toEqual([0, expect.stringContaining('The new version runs')]);
      expect(await inNginx()).toContain('# by hand');
    });
  });

  it.each(['tracker', 'nginx', 'peerjs', 'stun'])('need not do anything when %s crashes', async (service) => {
    const container = (await bundle.compose('ps', '--quiet', service)).trim();
    // Whether the command comes back before its container is gone is chance.
    await bundle.run('docker', 'exec', container, 'bash', '-c', 'kill -KILL $(cat /proc/1/task/1/children)');
    const format = '{{.State.Health.Status}} {{.RestartCount}}';
    await eventually(
      'the restart',
      async () => (await bundle.run('docker', 'inspect', '--format', format, container)).output,
      (state) => /^healthy [1-9]/.test(state),
    );
    const { code, output } = await bundle.script('smoke', '--ca', ca);
    expect([code, output]).toEqual([0, expect.not.stringContaining('FAIL')]);
  });

  it('may let TURN share port 443: clients are told, and seen with their own address', async () => {
    const files = (await bundle.run('bash', '-c', 'source scripts/lib/common.sh; setting COMPOSE_FILE'))
      .stdout;
    udpPort = await freeUdpPort();
    appendFileSync(
      join(bundle.folder, '.env'),
      `TURNS_443=on\nTRACKER_UDP_PORT=${udpPort}\nCOMPOSE_FILE=${files.trim()}:docker-compose.udp.yml\n`,
    );
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

  it('may let BitTorrent clients announce over UDP', async () => {
    // BEP 15: what a client sends first, and an answer to its transaction.
    const connect = Buffer.from('000004172710198000000000c0ffee00', 'hex');
    const socket = createSocket('udp4');
    const answer = await eventually(
      'an answer over UDP',
      () =>
        new Promise<Buffer>((resolve, reject) => {
          socket.once('message', resolve).send(connect, udpPort, '127.0.0.1');
          setTimeout(() => reject(new Error('silent')), 1_000);
        }),
      (found) => found.length === 16,
    );
    socket.close();
    expect(answer.subarray(0, 8).toString('hex')).toBe('00000000c0ffee00');
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
