// The life of the certificate, against Pebble, with the shipped nginx, certbot image and script.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DeployedBundle, DOMAIN } from '../support/deploy.ts';
import { Pebble } from '../support/pebble.ts';
import { requireTool } from '../support/tools.ts';
import { TrackerClients } from '../support/tracker-clients.ts';

const SOCKETS = 200;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const HOST = `tracker.${DOMAIN}`;

requireTool('openssl', 'curl')('the certificate', () => {
  let bundle: DeployedBundle;
  let staging: Pebble | undefined;
  let monitor: Server;
  /** How RENEW_PING_URL was called. */
  const pings: string[] = [];

  beforeAll(async () => {
    bundle = await DeployedBundle.prepare({ validitySeconds: 90 * DAY_SECONDS });
    staging = await Pebble.start({
      folder: join(bundle.folder, 'staging'),
      address: new URL(bundle.pebble.directory).hostname,
      httpPort: bundle.httpPort,
      validitySeconds: 90 * DAY_SECONDS,
    });
    appendFileSync(bundle.pebble.caFile, readFileSync(staging.caFile)); // certbot has to trust both
    monitor = createServer(({ url }, answer) => {
      pings.push(url!);
      answer.end();
    });
    await new Promise<void>((resolve) => monitor.listen(0, '127.0.0.1', resolve));
    set({
      ACME_STAGING_SERVER: staging.directory,
      RENEW_PING_URL: `http://127.0.0.1:${(monitor.address() as AddressInfo).port}/ping`,
    });
    await bundle.compose('--profile', 'tools', 'build', '--quiet');
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
  });
  afterAll(async () => {
    monitor.close();
    await staging?.stop();
    await bundle.remove();
  });
  beforeEach(() => {
    pings.length = 0;
  });

  /** Changes settings in .env, where the last line counts. */
  const set = (settings: Record<string, string>): void => {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    appendFileSync(join(bundle.folder, '.env'), lines.join(''));
  };
  const renew = (...args: string[]) => bundle.script('renew-certs.sh', ...args);
  const served = () => bundle.servedCertificate();
  const inNginx = (command: string) => bundle.compose('exec', '-T', 'nginx', 'bash', '-c', command);
  const inCertbot = (command: string) =>
    bundle.compose('run', '--rm', '--no-deps', '-T', '--entrypoint', 'bash', 'certbot', '-c', command);
  const state = () =>
    JSON.parse(readFileSync(join(bundle.folder, '.state/renewal.json'), 'utf8')) as Record<string, unknown>;
  const openClients = async (count: number, ...authorities: Pebble[]): Promise<TrackerClients> => {
    const roots = await Promise.all(authorities.map((authority) => authority.root()));
    return TrackerClients.open(count, HOST, bundle.httpsPort, roots);
  };

  it('is a self-signed one until there is a real one', async () => {
    expect((await served()).issuer).toBe('not a real certificate yet');
  });

  it('cannot be had while the DNS is broken, and the operator is told that there is none', async () => {
    await bundle.pebble.dns('set-servfail', { host: `${HOST}.` });
    const { code, output } = await renew('--quiet');
    await bundle.pebble.dns('clear-servfail', { host: `${HOST}.` });
    const message = 'Renewal failed, and there is no certificate';
    expect([code, output]).toEqual([30, expect.stringContaining(message)]);
    expect(output).toContain('could not resolve URL'); // the authority's reason
    expect(state()).toMatchObject({ exitCode: 30, message, serial: '', secondsLeft: null });
    expect(pings).toEqual(['/ping/fail']);
  });

  it('is issued the first time, while nginx runs, and served to new handshakes', async () => {
    set({ CERT_STAGING: 'true' });
    const { code, output } = await renew();
    expect([code, output]).toEqual([10, expect.stringContaining('Renewed: certificate')]);
    const { serial, issuer } = await served();
    expect(issuer).toBe(await staging!.issuer());
    expect(output).toContain(serial);
    expect(state()).toMatchObject({ exitCode: 10, serial });
    expect(Number(state()['secondsLeft']) / DAY_SECONDS).toBeCloseTo(90, 1);
    expect(pings).toEqual(['/ping']);
  });

  it('of the staging authority is replaced by a real one when CERT_STAGING is false: no socket closes', async () => {
    const clients = await openClients(10, staging!);
    set({ CERT_STAGING: 'false' });
    expect((await renew()).code).toBe(10);
    expect((await served()).issuer).toBe(await bundle.pebble.issuer());
    expect(clients.closed).toBe(0);
    await clients.announce();
    await clients.close();
    await expect(openClients(2, staging!)).rejects.toThrow('Error connecting');
  });

  it('that is real stays so when CERT_STAGING is switched on, also when a name is added', async () => {
    const before = await served();
    set({ CERT_STAGING: 'true' });
    const nothing = await renew();
    expect([nothing.code, nothing.output]).toEqual([0, expect.stringContaining('it stays')]);
    expect(await served()).toEqual(before);
    set({ GUN_NAME: `gun.${DOMAIN}` });
    expect((await renew()).code).toBe(10);
    expect((await served()).issuer).toBe(await bundle.pebble.issuer());
    const names = 'openssl x509 -noout -ext subjectAltName -in /tls/current/fullchain.pem';
    expect(await inNginx(names)).toContain(`DNS:gun.${DOMAIN}`);
    set({ CERT_STAGING: 'false' });
  });

  it('is served with TLS that testssl.sh has nothing of weight against', async () => {
    const report = join(bundle.folder, 'testssl.json');
    const where = ['--ip', '127.0.0.1', `tracker.${DOMAIN}:${bundle.httpsPort}`];
    // All that it looks at of itself but the simulated clients, which take as long as all the rest and have no findings.
    const looks = ['-p', '-s', '-f', '-P', '-S', '-h', '-U'];
    const saved = ['--severity', 'MEDIUM', '--jsonfile', report];
    await bundle.run('testssl', '--quiet', '--warnings', 'batch', ...saved, ...looks, ...where);
    const findings = JSON.parse(readFileSync(report, 'utf8')) as {
      id: string;
      severity: string;
      finding: string;
    }[];
    const notOurs = [
      'cipher_order', // the client's choice among good ones, as Mozilla's "intermediate" has it
      'cert_chain_of_trust', // Pebble's authority is known to nobody
      'cert_revocation', // and names no list
      'BREACH', // what is compressed are the pages, files without a secret or anything that a client sent
      'cert_trust', // also says what comes without a name: nothing, which is meant
    ];
    const weighty = findings.filter(({ id, severity }) => severity !== 'WARN' && !notOurs.includes(id));
    expect(weighty).toEqual([]);
    expect(findings.length).toBeGreaterThan(0); // it did look
  }, 180_000);

  it('is served with a key exchange that outlives quantum computers', async () => {
    const ask = 'openssl s_client -connect 127.0.0.1:8443 -servername "${TRACKER_NAMES%% *}" </dev/null 2>&1';
    expect(await bundle.compose('exec', '-T', 'nginx', 'bash', '-c', ask)).toMatch(/group: X25519MLKEM768/);
  });

  it('is left alone when nothing is due: no reload', async () => {
    const workers = () => inNginx('cat /proc/1/task/1/children /run/nginx/nginx.pid');
    const [before, was] = [await workers(), await served()];
    const { code, output } = await renew('--quiet');
    expect([code, output]).toEqual([0, '']);
    expect([await workers(), await served()]).toEqual([before, was]);
    expect(state()).toMatchObject({ exitCode: 0, serial: was.serial });
    expect(pings).toEqual(['/ping']);
  });

  it('is renewed long before its end when the authority says so (ARI)', async () => {
    const before = await served();
    // Pebble wants a certificate that was revoked to be renewed at once. That six hours have passed is not waited for.
    await inCertbot(
      `certbot revoke --non-interactive --no-delete-after-revoke --cert-name bundle --logs-dir /tmp/l --work-dir /tmp/w &&
       sed -i 's/^ari_retry_after = .*/ari_retry_after = 2020-01-01T00:00:00/' /etc/letsencrypt/renewal/bundle.conf`,
    );
    const { code, output } = await renew('--quiet');
    expect([code, output]).toEqual([10, '']);
    expect((await served()).serial).not.toBe(before.serial);
    expect(bundle.pebble.log()).toMatch(/GET \S*renewalInfo/);
  });

  it(`is renewed under ${SOCKETS} open WebSockets: none closes, new handshakes get the new one`, async () => {
    const before = await served();
    const clients = await openClients(SOCKETS, bundle.pebble);
    expect((await renew('--force')).code).toBe(10);
    expect((await served()).serial).not.toBe(before.serial);
    expect(clients.closed).toBe(0);
    await clients.announce();
    await clients.exchangeOffers(3);
    expect(clients.closed).toBe(0);
    await clients.close();
  });

  it('is served by the TURN server too', async () => {
    const port = Number(/STUN_TLS_PORT: "?(\d+)/.exec(await bundle.compose('config'))![1]);
    const { connect } = await import('node:tls');
    const serial = await new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(serial).toBe((await bundle.servedCertificate()).serial);
  });

  it.each([
    ['an AAAA record is dead', 'aaaa', `peerjs.${DOMAIN}`, { addresses: ['::1'] }, 'connection refused'],
    ['the DNS is broken', 'servfail', HOST, {}, 'could not resolve URL'],
    [
      'a CAA record names another authority',
      'caa',
      DOMAIN,
      { policies: [{ tag: 'issue', value: 'ca.example' }] },
      `CAA record for ${DOMAIN} prevents issuance`,
    ],
  ])('stays when %s, and the operator is told why', async (_what, kind, name, record, reason) => {
    const before = await served();
    const host = `${name}.`;
    await bundle.pebble.dns(kind === 'servfail' ? 'set-servfail' : `add-${kind}`, { host, ...record });
    const { code, output } = await renew('--force', '--quiet');
    await bundle.pebble.dns(`clear-${kind}`, { host });
    expect([code, output]).toEqual([20, expect.stringContaining(reason)]);
    expect(output).toMatch(/Renewal failed; the certificate is good for another (89|90) days/);
    expect(await served()).toEqual(before);
    expect(state()).toMatchObject({ exitCode: 20, serial: before.serial });
    expect(pings).toEqual(['/ping/fail']);
  });

  it('stays when the authority cannot be reached, and nobody who uses the bundle notices', async () => {
    const before = await served();
    const clients = await openClients(10, bundle.pebble);
    set({ ACME_SERVER: 'https://127.0.0.1:1/dir' });
    const { code, output } = await renew('--force', '--quiet');
    set({ ACME_SERVER: bundle.pebble.directory });
    expect([code, output]).toEqual([20, expect.stringContaining('Renewal failed')]);
    await clients.announce();
    await clients.exchangeOffers(3);
    expect(clients.closed).toBe(0);
    await clients.close();
    await (await openClients(2, bundle.pebble)).close();
    expect(await served()).toEqual(before);
    expect(pings).toEqual(['/ping/fail']);
  });

  it('stays after a dry run, which asks the staging authority', async () => {
    const before = await served();
    await bundle.pebble.dns('set-servfail', { host: `${HOST}.` });
    const good = await renew('--dry-run');
    await bundle.pebble.dns('clear-servfail', { host: `${HOST}.` });
    await staging!.dns('set-servfail', { host: `${HOST}.` });
    const bad = await renew('--dry-run');
    await staging!.dns('clear-servfail', { host: `${HOST}.` });
    expect([good.code, bad.code]).toEqual([0, 20]);
    expect([good.output, bad.output]).toEqual([
      expect.stringContaining('a renewal would work'),
      expect.stringContaining('The dry run failed'),
    ]);
    expect((await renew()).code).toBe(0);
    expect(await served()).toEqual(before);
  });

  it('that was renewed but not published is published by the next run', async () => {
    const { serial } = await served();
    await inNginx('ln -sfn self-signed /tls/current');
    expect((await renew()).code).toBe(10);
    expect([await inNginx('readlink /tls/current'), (await served()).serial]).toEqual([
      `${serial}\n`,
      serial,
    ]);
  });

  it('whose chain was cut short is never served, and replaced', async () => {
    const before = await served();
    await inCertbot('cd /etc/letsencrypt/live/bundle && cat cert.pem >fullchain.pem');
    expect((await renew()).code).toBe(10);
    expect((await served()).serial).not.toBe(before.serial);
    await (await openClients(2, bundle.pebble)).close(); // which trust nothing but the root
  });

  it('is not reloaded into a broken nginx: the one before is served, and the next run makes it good', async () => {
    const before = await served();
    await inNginx('echo "broken" >>/run/nginx/tracker.conf');
    const { code, output } = await renew('--force');
    expect([code, output]).toEqual([40, expect.stringContaining('the one before is still served')]);
    expect(output).toContain('/run/nginx/tracker.conf');
    expect(await served()).toEqual(before);
    await inNginx("sed -i '$d' /run/nginx/tracker.conf");
    expect((await renew()).code).toBe(10);
    expect((await served()).serial).not.toBe(before.serial);
  });

  it('is looked for where it is served: that nginx has another one is found', async () => {
    const before = await served();
    const point = (from: string, to: string) =>
      inNginx(`sed -i 's#/tls/${from}/#/tls/${to}/#' /run/nginx/*.conf`);
    await point('current', before.serial);
    const { code, output } = await renew('--force');
    expect([code, output]).toEqual([40, expect.stringContaining(`but nginx serves ${before.serial}`)]);
    expect(pings).toEqual(['/ping/fail']);
    await point(before.serial, 'current');
    expect((await renew()).code).toBe(10);
    expect((await served()).serial).not.toBe(before.serial);
  });

  it('is not touched by a second run at the same time', async () => {
    const first = renew('--force');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { code, output } = await renew();
    expect([code, output]).toEqual([50, expect.stringContaining('is at work: nothing was done')]);
    expect((await first).code).toBe(10);
  });

  it('cannot be renewed while nginx is down, and the script says so', async () => {
    const before = await served();
    await bundle.compose('stop', 'nginx');
    const { code, output } = await renew('--force');
    expect([code, output]).toEqual([20, expect.stringContaining('Renewal failed')]);
    await bundle.compose('up', '--detach', '--wait', 'nginx');
    expect(await served()).toEqual(before);
  });

  it.each([
    ['10 of 90 days', 90 * 24, 10 * 24, 30, 'is good for only 10 days'],
    ['30 of 160 hours', 160, 30, 20, 'is good for another 30 hours'],
    ['20 of 160 hours', 160, 20, 30, 'is good for only 20 hours'],
    ['none of 160 hours', 160, 0, 30, 'has ended'],
  ])('with %s left is urgent or not', async (_what, lifetime, left, code, sentence) => {
    const at = (hours: number) => `$(date -ud @$(($(date +%s) + ${hours} * 3600 + 60)) +%Y%m%d%H%M%SZ)`;
    await inCertbot(
      `mkdir /tmp/made && cd /tmp/made && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=made \
         -not_before ${at(left - lifetime)} -not_after ${left === 0 ? at(-1) : at(left)} -keyout privkey.pem -out cert.pem 2>/dev/null &&
       : >chain.pem && cp cert.pem fullchain.pem && RENEWED_LINEAGE=/tmp/made publish.sh`,
    );
    set({ ACME_SERVER: 'https://127.0.0.1:1/dir' });
    const result = await renew();
    set({ ACME_SERVER: bundle.pebble.directory });
    expect([result.code, result.output]).toEqual([code, expect.stringContaining(sentence)]);
  });

  it('is the same after all containers were made anew', async () => {
    expect((await renew()).code).toBe(10); // the made ones are gone
    const before = await served();
    await bundle.compose('down', '--timeout', '5');
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
    expect(await served()).toEqual(before);
  });

  describe('on a disk that is full', () => {
    const inHolder = (command: string) => bundle.compose('exec', '-T', 'holder', 'bash', '-c', command);
    const fill = (folder: string) => inHolder(`! head -c 2M /dev/zero >${folder}/filled 2>/dev/null`);
    const free = (folder: string) => inHolder(`rm ${folder}/filled`);
    const files = () =>
      inHolder(
        "find /etc/letsencrypt /tls ! -name filled ! -name '*metrics*' -type f | sort; readlink /tls/current",
      );

    beforeAll(async () => {
      await bundle.compose('--profile', 'tools', 'down', '--volumes', '--timeout', '5');
      // Two small disks, and somebody who holds them: a tmpfs is gone when nobody does.
      const disk = `{ driver: local, driver_opts: { type: tmpfs, device: tmpfs, o: 'size=1m,uid=1000,gid=1000' } }`;
      writeFileSync(
        join(bundle.folder, 'docker-compose.small.yml'),
        `services:
  holder:
    image: relay-swarm/certbot:test
    init: true
    entrypoint: [sleep, infinity]
    volumes: ['letsencrypt:/etc/letsencrypt', 'tls:/tls']
volumes:
  letsencrypt: ${disk}
  tls: ${disk}
`,
      );
      set({
        COMPOSE_FILE:
          'docker-compose.yml:docker-compose.deploy.yml:docker-compose.test.yml:docker-compose.small.yml',
      });
      await bundle.compose('up', '--detach', '--wait', '--no-deps', 'holder', 'nginx');
      expect(await inHolder('stat --file-system --format %T /etc/letsencrypt /tls')).toBe('tmpfs\ntmpfs\n');
    });

    it('is not asked for the first time, and later in spite of what was left half-written', async () => {
      await fill('/etc/letsencrypt');
      const { code, output } = await renew('--quiet');
      await free('/etc/letsencrypt');
      expect([code, output]).toEqual([30, expect.stringContaining('No space left on device')]);
      expect(output).toContain('/etc/letsencrypt has no room for 256 kB');
      // What certbot leaves behind when the disk is full a moment later: it goes no further from here by itself.
      await inHolder(
        `cd /etc/letsencrypt && mkdir -p live/bundle archive/bundle renewal accounts/${new URL(bundle.pebble.directory).host}/dir/1 &&
         touch renewal/bundle.conf archive/bundle/cert1.pem &&
         for part in cert privkey chain fullchain; do ln -s ../../archive/bundle/$part''1.pem live/bundle/$part.pem; done &&
         cd accounts/*/dir/1 && echo '{}' >meta.json && touch regr.json private_key.json`,
      );
      expect((await renew()).code).toBe(10);
      expect((await served()).issuer).toBe(await bundle.pebble.issuer());
    });

    it.each(['/etc/letsencrypt', '/tls'])(
      'is not renewed when that is %s: the one before stays',
      async (folder) => {
        const [before, were] = [await served(), await files()];
        await fill(folder);
        const { code, output } = await renew('--force', '--quiet');
        await inNginx('/opt/nginx/reload.sh');
        expect([code, output]).toEqual([20, expect.stringContaining('Nothing was asked for')]);
        expect([await served(), await files()]).toEqual([before, were]);
        await free(folder);
        expect((await renew('--force')).code).toBe(10);
        expect((await served()).serial).not.toBe(before.serial);
      },
    );

    it('is published whole or not at all', async () => {
      const were = await files();
      await fill('/tls');
      const publish = 'RENEWED_LINEAGE=/etc/letsencrypt/live/bundle publish.sh';
      await expect(inHolder(publish)).rejects.toThrow('No space left on device');
      expect(await files()).toBe(were);
    });
  });
});
