// The whole service: what operators see, what is kept, and what is read again while it runs.
import { createLog } from '@relay-swarm/kit';
import { readServiceHealth } from '@relay-swarm/protocol';
import { readFile, rm, writeFile, mkdtemp, copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { errorCodeOf } from '../contracts/stun-message.ts';
import { TurnClient } from '../contracts/turn-client.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startService, type RunningService } from '../support/service.ts';

let service: RunningService | undefined;
let folder: string;
const clients: TurnClient[] = [];
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'stun-service-'))));
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await service?.stop();
  service = undefined;
  await rm(folder, { recursive: true });
});

const turn = async (running: RunningService) =>
  (await running.iceServers()).iceServers.find(({ username }) => username !== undefined)!;

/** Allocates with what /ice-servers hands out. */
async function allocate(running: RunningService, given = turn(running)): Promise<TurnClient> {
  const { username = '', credential = '' } = await given;
  const at = running.stun.engine.listening().find(({ transport }) => transport === 'udp')!;
  const client = await TurnClient.connect(at, { username, password: credential });
  clients.push(client);
  await client.allocated();
  return client;
}

describe.each(['native', 'node-turn'] as const)('the service with %s', (engine) => {
  it('hands out what its TURN server accepts', async () => {
    service = await startService({ engine });
    await allocate(service);
    expect(service.stun.engine.stats().allocations).toBe(1);
  });

  it('shows allocations in its metrics and in its health file', async () => {
    service = await startService({ engine, healthSeconds: 1 });
    await allocate(service);
    const metrics = await (await fetch(`${service.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/^stun_allocations 1$/m);
    expect(metrics).toMatch(/^stun_allocations_total 1$/m);
    expect(metrics).toMatch(/^stun_error_responses_total\{code="401"\} 1$/m);
    expect(metrics).toMatch(/^stun_ice_servers_requests_total\{result="answered"\} 1$/m);
    const file = join(service.dataDir, 'health', 'stun.json');
    const written = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8')) as unknown;
    for (let tries = 0; tries < 50 && !JSON.stringify(await written()).includes('"allocations":1'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await written()).toMatchObject({
      service: 'stun',
      state: 'serving',
      gauges: { allocations: 1, allocationsMax: 64, connections: 0 },
    });
    service.stun.engine.drain();
    for (let tries = 0; tries < 50 && !JSON.stringify(await written()).includes('draining'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readServiceHealth(await written())).toMatchObject({ state: 'draining' });
  });

  it('is healthy until it drains, then sends everybody elsewhere and keeps whom it has', async () => {
    service = await startService({ engine });
    const ask = async (path: string) => (await fetch(`${service!.httpUrl}${path}`)).status;
    expect(await ask('/healthz')).toBe(200);
    const given = turn(service);
    const client = await allocate(service, given);
    service.stun.engine.drain();
    expect([await ask('/healthz'), await ask('/ice-servers')]).toEqual([503, 503]);
    await expect(allocate(service, given)).rejects.toThrow('508');
    expect(errorCodeOf(await client.refresh(600))).toBeUndefined();
  });

  it('takes a new secret while it runs, and still the one before', async () => {
    const [secretFile, secretPreviousFile] = [join(folder, 'secret'), join(folder, 'previous')];
    await writeFile(secretFile, 'a'.repeat(64));
    await copyFile(secretFile, secretPreviousFile);
    service = await startService({ engine, secretFile, secretPreviousFile });
    const old = await turn(service);
    await writeFile(secretFile, 'b'.repeat(64));
    await service.stun.reload();
    await allocate(service);
    await allocate(service, Promise.resolve(old));
    await writeFile(secretPreviousFile, 'c'.repeat(64));
    await service.stun.reload();
    await expect(allocate(service, Promise.resolve(old))).rejects.toThrow('401');
    await writeFile(secretFile, 'no secret');
    await service.stun.reload(); // told, and the good one stays
    await allocate(service);
  });

  it('never writes a secret or a credential to its log', async () => {
    const lines: string[] = [];
    const log = createLog('stun', 'debug', { write: (line: string) => void lines.push(line) });
    const [secret, secretPrevious] = ['ab'.repeat(32), 'cd'.repeat(32)];
    service = await startService({ engine, secret, secretPrevious }, log);
    const { username, credential } = await turn(service);
    await allocate(service);
    await expect(
      allocate(service, Promise.resolve({ urls: [], username: username!, credential: 'x' })),
    ).rejects.toThrow('401');
    await service.stun.reload();
    expect(lines.length).toBeGreaterThan(2);
    for (const private_ of [secret, secretPrevious, credential!])
      expect(lines.join('')).not.toContain(private_);
  });
});

describe('the service', () => {
  const serial = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('names every transport that it listens on', async () => {
    const { certFile, keyFile } = await makeCertificate(folder);
    service = await startService({
      tlsCertFile: certFile,
      tlsKeyFile: keyFile,
      publicHosts: ['turn.example.org'],
    });
    const listening = service.stun.engine.listening();
    const port = (transport: string) => listening.find((one) => one.transport === transport)!.port;
    const { iceServers } = await service.iceServers();
    expect(iceServers.flatMap(({ urls }) => urls)).toEqual([
      `stun:turn.example.org:${port('udp')}`,
      `turn:turn.example.org:${port('udp')}?transport=udp`,
      `turn:turn.example.org:${port('tcp')}?transport=tcp`,
      `turns:turn.example.org:${port('tls')}?transport=tcp`,
    ]);
  });

  it('hands out the addresses of another server where it is told to', async () => {
    service = await startService({ urls: ['turn:coturn.example.org:3478?transport=udp'] });
    expect((await service.iceServers()).iceServers).toEqual([
      {
        urls: ['turn:coturn.example.org:3478?transport=udp'],
        username: expect.any(String),
        credential: expect.any(String),
      },
    ]);
  });

  it('serves a renewed certificate without a restart, and keeps the old one while the new does not fit', async () => {
    const paths = await makeCertificate(folder);
    const next = await makeCertificate(folder, 'next');
    service = await startService({ tlsCertFile: paths.certFile, tlsKeyFile: paths.keyFile });
    const { port } = service.stun.engine.listening().find(({ transport }) => transport === 'tls')!;
    const before = await serial(port);
    await copyFile(next.certFile, paths.certFile); // certbot between its two files
    await service.stun.reload();
    expect(await serial(port)).toBe(before);
    await copyFile(next.keyFile, paths.keyFile);
    await service.stun.reload();
    expect(await serial(port)).not.toBe(before);
  });

  it('says which file it cannot read', async () => {
    const tlsCertFile = join(folder, 'missing.pem');
    await expect(startService({ tlsCertFile, tlsKeyFile: tlsCertFile })).rejects.toThrow(
      `Cannot read STUN_TLS_CERT_FILE=${tlsCertFile} (ENOENT)`,
    );
  });

  it('asks STUN servers for its address, and doubts a PUBLIC_IP that they do not see', async () => {
    const lines: string[] = [];
    const log = createLog('stun', 'info', { write: (line: string) => void lines.push(line) });
    const other = await startService();
    const detectServers = other.stun.engine.listening().filter(({ transport }) => transport === 'udp');
    service = await startService({ detectServers, publicAddresses: [] }, log);
    await other.stop();
    expect((await service.iceServers()).iceServers[0]!.urls[0]).toMatch(/^stun:127\.0\.0\.1:/);
    expect(lines.join('')).toContain('"source":"asked"');
  });

  it('starts without an answer, and says so', async () => {
    const lines: string[] = [];
    const log = createLog('stun', 'info', { write: (line: string) => void lines.push(line) });
    service = await startService({ detectServers: [{ host: '127.0.0.1', port: 9 }] }, log);
    expect(lines.join('')).toContain('Cannot get a STUN answer from 127.0.0.1 port 9');
  }, 10_000);
});
