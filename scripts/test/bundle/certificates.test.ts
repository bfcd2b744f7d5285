// The life of the certificate, against Pebble, with the shipped nginx, certbot image and script.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket, type ClientOptions } from 'ws';
import { DeployedBundle, DOMAIN } from '../support/deploy.ts';
import { requireTool } from '../support/tools.ts';

const SOCKETS = 200;
const DAY_SECONDS = 86_400;

// ws hands on the options of TLS, and its types know only some.
const overTls: ClientOptions & { servername: string } = {
  servername: `tracker.${DOMAIN}`,
  headers: { host: `tracker.${DOMAIN}` },
  rejectUnauthorized: false,
};

requireTool('openssl')('the certificate', () => {
  let bundle: DeployedBundle;
  const renew = (...args: string[]) => bundle.script('renew-certs.sh', ...args);

  beforeAll(async () => {
    bundle = await DeployedBundle.prepare({ validitySeconds: 90 * DAY_SECONDS });
    await bundle.compose('--profile', 'tools', 'build', '--quiet');
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
  });
  afterAll(() => bundle.remove());

  const openSockets = (): Promise<WebSocket[]> =>
    Promise.all(
      Array.from({ length: SOCKETS }, async () => {
        const socket = new WebSocket(`wss://127.0.0.1:${bundle.httpsPort}/`, overTls);
        await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
        return socket;
      }),
    );

  const announce = (socket: WebSocket, i: number): Promise<unknown> => {
    const answered = new Promise((resolve) => socket.once('message', resolve));
    const id = String(i).padStart(20, '-');
    socket.send(
      JSON.stringify({
        action: 'announce',
        info_hash: id,
        peer_id: id,
        left: 1,
        numwant: 0,
        event: 'started',
      }),
    );
    return answered;
  };

  it('is a self-signed one until there is a real one', async () => {
    expect((await bundle.servedCertificate()).issuer).toBe('not a real certificate yet');
  });

  it('is issued the first time, while nginx runs, and served to new handshakes', async () => {
    const { code, output } = await renew();
    expect([code, output]).toEqual([10, expect.stringContaining('Renewed: certificate')]);
    const { serial, issuer } = await bundle.servedCertificate();
    expect(issuer).toMatch(/^Pebble/);
    expect(output).toContain(serial);
  });

  it('is served with TLS that testssl.sh has nothing of weight against', async () => {
    const report = join(bundle.folder, 'testssl.json');
    const where = ['--ip', '127.0.0.1', `tracker.${DOMAIN}:${bundle.httpsPort}`];
    await bundle.run(
      'testssl',
      '--quiet',
      '--warnings',
      'batch',
      '--severity',
      'MEDIUM',
      '--jsonfile',
      report,
      ...where,
    );
    const findings = JSON.parse(readFileSync(report, 'utf8')) as {
      id: string;
      severity: string;
      finding: string;
    }[];
    const notOurs = [
      'cipher_order', // the client's choice among good ones, as Mozilla's "intermediate" has it
      'cert_chain_of_trust', // Pebble's authority is known to nobody
      'cert_revocation', // and names no list
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
    const workers = () =>
      bundle.compose('exec', '-T', 'nginx', 'cat', '/proc/1/task/1/children', '/run/nginx/nginx.pid');
    const [before, served] = [await workers(), await bundle.servedCertificate()];
    const { code, output } = await renew('--quiet');
    expect([code, output]).toEqual([0, '']);
    expect([await workers(), await bundle.servedCertificate()]).toEqual([before, served]);
  });

  it(`is renewed under ${SOCKETS} open WebSockets: none closes, new handshakes get the new one`, async () => {
    const before = await bundle.servedCertificate();
    const sockets = await openSockets();
    let closed = 0;
    for (const socket of sockets) socket.on('close', () => (closed += 1));
    expect((await renew('--force')).code).toBe(10);
    expect((await bundle.servedCertificate()).serial).not.toBe(before.serial);
    await Promise.all(sockets.map(announce));
    expect(closed).toBe(0);
    for (const socket of sockets) socket.terminate();
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

  it('stays when the authority cannot reach us, and the exit code says how long it is still good', async () => {
    const before = await bundle.servedCertificate();
    await bundle.pebble.dns('add-aaaa', { host: `peerjs.${DOMAIN}.`, addresses: ['::1'] });
    const { code, output } = await renew('--force');
    await bundle.pebble.dns('clear-aaaa', { host: `peerjs.${DOMAIN}.` });
    expect([code, output]).toEqual([
      20,
      expect.stringMatching(/Renewal failed; the certificate is good for another (89|90) days/),
    ]);
    expect(await bundle.servedCertificate()).toEqual(before);
  });

  it('stays when the DNS is broken', async () => {
    const before = await bundle.servedCertificate();
    await bundle.pebble.dns('set-servfail', { host: `tracker.${DOMAIN}.` });
    const { code } = await renew('--force');
    await bundle.pebble.dns('clear-servfail', { host: `tracker.${DOMAIN}.` });
    expect(code).toBe(20);
    expect(await bundle.servedCertificate()).toEqual(before);
  });

  it('stays when the new one cannot be written, and the next run makes it good', async () => {
    const before = await bundle.servedCertificate();
    const folder = (mode: string) => bundle.compose('exec', '-T', 'nginx', 'chmod', mode, '/tls');
    await folder('0555');
    const { code } = await renew('--force');
    expect([code, await bundle.servedCertificate()]).toEqual([20, before]);
    await folder('0755');
    expect((await renew()).code).toBe(10);
    expect((await bundle.servedCertificate()).serial).not.toBe(before.serial);
  });

  it('is not reloaded into a broken nginx: the one before is served, and the next run makes it good', async () => {
    const before = await bundle.servedCertificate();
    const inNginx = (command: string) => bundle.compose('exec', '-T', 'nginx', 'bash', '-c', command);
    await inNginx('echo "broken" >>/run/nginx/tracker.conf');
    const { code, output } = await renew('--force');
    expect([code, output]).toEqual([40, expect.stringContaining('the one before is still served')]);
    expect(await bundle.servedCertificate()).toEqual(before);
    await inNginx("sed -i '$d' /run/nginx/tracker.conf");
    expect((await renew()).code).toBe(10);
    expect((await bundle.servedCertificate()).serial).not.toBe(before.serial);
  });

  it('is not touched by a second run at the same time', async () => {
    const first = renew('--force');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { code, output } = await renew();
    expect([code, output]).toEqual([50, expect.stringContaining('is at work: nothing was done')]);
    expect((await first).code).toBe(10);
  });

  it('cannot be renewed while nginx is down, and the script says so', async () => {
    await bundle.compose('stop', 'nginx');
    const { code, output } = await renew('--force');
    expect([code, output]).toEqual([20, expect.stringContaining('Renewal failed')]);
    await bundle.compose('up', '--detach', '--wait', 'nginx');
  });

  it('is the same after all containers were made anew', async () => {
    const before = await bundle.servedCertificate();
    await bundle.compose('down', '--timeout', '5');
    await bundle.compose('up', '--detach', '--wait', '--wait-timeout', '120');
    expect(await bundle.servedCertificate()).toEqual(before);
  });
});
