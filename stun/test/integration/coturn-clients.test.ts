// coturn's own client and peer, which share no line with us: every transport and mode, with credentials as /ice-servers
// hands them out. Their exit code says nothing, so what was sent, received and lost is read from what they print.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { mintCredential } from '../../src/auth/credential.ts';
import type { TurnEngine } from '../../src/engine.ts';
import { createNativeEngine } from '../../src/native-engine.ts';
import { findTool, requireFound } from '../../../test/support/tools.ts';
import { engineOptions, ipv6Loopback, REALM, type OptionChanges } from '../contracts/options.ts';
import { makeCertificate } from '../support/certificate.ts';

const tools = ['turnutils_uclient', 'turnutils_peer', 'turnutils_stunclient', 'openssl'];
const needed = {
  ...Object.fromEntries(tools.map((tool) => [tool, findTool(tool)])),
  'IPv6 on loopback': ipv6Loopback,
};
const SECRET = '5ec2e7'.repeat(10);
const MESSAGES = 10;
/** The tool waits seconds before it sends; and for ever where nobody answers. */
const TOOL_MS_MAX = 40_000;
/** The echo listens here and one above. Below the ports that systems hand out, apart from the relays' corner. */
const ECHO_PORT = 11_000 + 2 * Math.floor(Math.random() * 450);
const REST = ['-u', 'alice', '-W', SECRET];

const bothFamilies: OptionChanges = {
  udp: [
    { host: '127.0.0.1', port: 0 },
    { host: '::1', port: 0 },
  ],
  tcp: [{ host: '127.0.0.1', port: 0 }],
  tls: [{ host: '127.0.0.1', port: 0 }],
  relayHosts: [
    { bind: '127.0.0.1', announced: '127.0.0.1' },
    { bind: '::1', announced: '::1' },
  ],
};

function uclient(port: number, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      'turnutils_uclient',
      ['-p', String(port), ...args],
      { timeout: TOOL_MS_MAX, killSignal: 'SIGKILL' },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
}

/** What the tool counted at its end. */
function totals(output: string): { sent: number; received: number; lost: number } {
  const [, sent, received] = [...output.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)].at(-1) ?? [];
  const [, lost] = /Total lost packets (\d+)/.exec(output) ?? [];
  return { sent: Number(sent), received: Number(received), lost: Number(lost) };
}

requireFound(needed)('coturn’s client', () => {
  let folder: string;
  let serving: TurnEngine;
  let refusing: TurnEngine;
  let echo: ChildProcess;
  const runs = new Map<string, Promise<string>>();

  const started = async (changes: OptionChanges): Promise<TurnEngine> => {
    const engine = createNativeEngine(
      engineOptions({
        ...changes,
        authenticate: createAuthenticate({
          secrets: () => ['0ld', SECRET],
          realm: REALM,
          wallClockMs: Date.now,
        }),
      }),
    );
    await engine.start();
    return engine;
  };
  const portOf = (engine: TurnEngine, transport: string, host = '127.0.0.1'): number =>
    engine.listening().find((one) => one.transport === transport && one.host === host)!.port;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stun-coturn-'));
    const { certFile, keyFile } = await makeCertificate(folder);
    const tlsFiles = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    serving = await started({ ...bothFamilies, tlsFiles, limits: { allocationsPerUserMax: 100 } });
    refusing = await started({ limits: { allocationsPerUserMax: 2 } });
    echo = spawn('turnutils_peer', ['-L', '127.0.0.1', '-L', '::1', '-p', String(ECHO_PORT)], {
      stdio: 'ignore',
    });

    const toEcho = ['-e', '127.0.0.1', '-r', String(ECHO_PORT), '-n', String(MESSAGES)];
    const udp = portOf(serving, 'udp');
    const run = (name: string, port: number, ...args: readonly string[]): void => {
      runs.set(name, uclient(port, ...args));
    };
    // All at once: the tool spends its time waiting.
    run('UDP, channels', udp, ...REST, ...toEcho, '-X', '-c', '127.0.0.1');
    run('UDP, indications', udp, ...REST, ...toEcho, '-X', '-c', '-s', '127.0.0.1');
    run('UDP, EVEN-PORT and RESERVATION-TOKEN', udp, ...REST, ...toEcho, '-X', '127.0.0.1');
    run('UDP, DONT-FRAGMENT', udp, ...REST, ...toEcho, '-X', '-g', '-c', '127.0.0.1');
    run('UDP, client to client', udp, ...REST, '-y', '-c', '-n', String(MESSAGES), '-m', '2', '127.0.0.1');
    run(
      'UDP, datagrams of 1,200 bytes, 5 clients',
      udp,
      ...REST,
      ...toEcho,
      ...['-X', '-c', '-l', '1200', '-m', '5'],
      '127.0.0.1',
    );
    const tcp = portOf(serving, 'tcp');
    run('TCP, channels', tcp, ...REST, ...toEcho, '-t', '-X', '-c', '-D', '127.0.0.1');
    run('TCP, indications', tcp, ...REST, ...toEcho, '-t', '-X', '-c', '-s', '127.0.0.1');
    run(
      'TCP, client to client',
      tcp,
      ...REST,
      '-t',
      '-y',
      '-c',
      '-n',
      String(MESSAGES),
      '-m',
      '2',
      '127.0.0.1',
    );
    const tls = portOf(serving, 'tls');
    run('TLS, channels', tls, ...REST, ...toEcho, '-t', '-S', '-X', '-c', '127.0.0.1');
    run('TLS, indications', tls, ...REST, ...toEcho, '-t', '-S', '-X', '-c', '-s', '127.0.0.1');
    const toEcho6 = ['-e', '::1', '-r', String(ECHO_PORT), '-n', String(MESSAGES)];
    run('IPv6, channels', portOf(serving, 'udp', '::1'), ...REST, ...toEcho6, '-x', '-c', '::1');

    const refused = portOf(refusing, 'udp');
    const expired = mintCredential(SECRET, {
      name: 'erin',
      nowMs: Date.now() - 7_200_000,
      ttlSeconds: 3_600,
    });
    run('wrong secret', refused, '-u', 'mallory', '-W', 'another', ...toEcho, '-X', '-c', '127.0.0.1');
    run(
      'expired',
      refused,
      '-u',
      expired.username,
      '-w',
      expired.password,
      ...toEcho,
      '-X',
      '-c',
      '127.0.0.1',
    );
    run('no REST name', refused, '-u', 'constructor', '-w', 'x', ...toEcho, '-X', '-c', '127.0.0.1');
    const toPrivate = ['-e', '10.1.2.3', '-r', '80', '-X', '-c', '-n', '2'];
    run('forbidden channel', refused, '-u', 'carol', '-W', SECRET, ...toPrivate, '127.0.0.1');
    run('forbidden permission', refused, '-u', 'dave', '-W', SECRET, ...toPrivate, '-s', '127.0.0.1');
    run('over quota', refused, '-u', 'bob', '-W', SECRET, ...toEcho, '-X', '-c', '-m', '4', '127.0.0.1');
  }, 20_000);

  afterAll(async () => {
    await Promise.all(runs.values());
    echo.kill();
    await serving.stop();
    await refusing.stop();
    await rm(folder, { recursive: true });
  }, 60_000);

  const outputOf = (name: string): Promise<string> => runs.get(name)!;

  it.each([
    ['UDP, channels', 1],
    ['UDP, indications', 1],
    ['UDP, EVEN-PORT and RESERVATION-TOKEN', 2],
    ['UDP, DONT-FRAGMENT', 1],
    ['UDP, client to client', 2],
    ['UDP, datagrams of 1,200 bytes, 5 clients', 5],
    ['TCP, channels', 1],
    ['TCP, indications', 1],
    ['TCP, client to client', 2],
    ['TLS, channels', 1],
    ['TLS, indications', 1],
    ['IPv6, channels', 1],
  ])(
    '%s: all that was sent came back',
    async (name, clients) => {
      const output = await outputOf(name);
      const count = MESSAGES * clients;
      expect({ ...totals(output), output }).toEqual({ sent: count, received: count, lost: 0, output });
    },
    60_000,
  );

  it.each([
    ['wrong secret', 'Cannot complete Allocation'],
    ['expired', 'Cannot complete Allocation'],
    ['no REST name', 'Cannot complete Allocation'],
    ['forbidden channel', 'channel bind: error 403 (Forbidden)'],
    ['forbidden permission', 'create permission error 403 (Forbidden)'],
    ['over quota', 'error 486 (Allocation Quota Reached)'],
  ])(
    '%s: is told so',
    async (name, words) => {
      expect(await outputOf(name)).toContain(words);
    },
    60_000,
  );

  it('and we know why', async () => {
    await Promise.all(runs.values());
    const { authFailures, errorResponses, packetsToPeers } = refusing.stats();
    expect(authFailures.wrongPassword).toBeGreaterThan(0);
    expect(authFailures.expired).toBeGreaterThan(0);
    expect(authFailures.unknownUser).toBeGreaterThan(0);
    expect(errorResponses['403']).toBeGreaterThanOrEqual(2);
    expect(errorResponses['486']).toBeGreaterThanOrEqual(1);
    expect(packetsToPeers).toBe(0);
    expect(serving.stats().drops).toMatchObject({
      bandwidth: 0,
      malformed: 0,
      noPermission: 0,
      sendBuffer: 0,
    });
  }, 60_000);

  it('asks for its address', async () => {
    const output = await new Promise<string>((resolve) => {
      const args = ['-p', String(portOf(serving, 'udp')), '127.0.0.1'];
      execFile('turnutils_stunclient', args, { timeout: 10_000 }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    expect(output).toMatch(/UDP reflexive addr: 127\.0\.0\.1:\d+/);
  });
});
