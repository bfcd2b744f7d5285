// STUN_WORKERS=2 as operators run it: the compiled service in a process of its own, used by coturn's client and by ours. One suite for
// a Node.js on this machine and for the image (test/bundle/stun-workers.test.ts).
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintCredential } from '../../src/auth/credential.ts';
import { requireTool } from '../../../test/support/tools.ts';
import { errorCodeOf, type Address } from '../contracts/stun-message.ts';
import { relayedAddress, TurnClient } from '../contracts/turn-client.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';
import { makeCertificate } from './certificate.ts';

export interface RunningServer {
  /** Everything that it says. */
  readonly output: () => string;
  /** Process ids of the workers, the first one first; those that there are. */
  readonly workers: () => Promise<readonly number[]>;
  readonly kill: (pid: number, signal: 'KILL' | 'STOP' | 'CONT') => Promise<void>;
  readonly signal: (signal: 'USR2') => Promise<void>;
  readonly stop: () => Promise<void>;
}
/** `folder` holds what the settings name. */
export type StartServer = (env: Record<string, string>, folder: string) => Promise<RunningServer>;

const SECRET = '5ec2e7'.repeat(10);
const WAIT_MS_MAX = 20_000;
const TOOL_MS_MAX = 40_000;
/** Below the ports that systems hand out; the relayed ports of both workers above it. */
const PORT = 21_000 + 100 * Math.floor(Math.random() * 80);
const RELAY_PORT_MIN = PORT + 10;
const SECOND_RANGE = RELAY_PORT_MIN + 40;
const at = (transport: 'udp' | 'tcp' | 'tls') =>
  ({ transport, host: '127.0.0.1', port: transport === 'tls' ? PORT + 1 : PORT }) as const;
const workerOf = ({ port }: Address): 0 | 1 => (port < SECOND_RANGE ? 0 : 1);

async function eventually<T>(ask: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
  for (const untilMs = Date.now() + WAIT_MS_MAX; ;) {
    const value = await ask().catch(() => undefined);
    if (value !== undefined && is(value)) return value;
    if (Date.now() > untilMs) throw new Error(`Cannot wait longer: found ${String(value).slice(-400)}`);
    await sleep(50);
  }
}

export function workersSuite(title: string, startServer: StartServer): void {
  requireTool(
    'turnutils_uclient',
    'turnutils_peer',
    'openssl',
  )(title, () => {
    let folder: string;
    let server: RunningServer | undefined;
    const open: { close(): void }[] = [];

    beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'stun-workers-'))));
    afterEach(async () => {
      for (const one of open.splice(0)) one.close();
      await server?.stop();
      server = undefined;
      await rm(folder, { recursive: true, force: true });
    });

    const settings = (changes: Record<string, string>): Record<string, string> => ({
      STUN_WORKERS: '2',
      STUN_PORT: String(PORT),
      STUN_TLS_PORT: String(PORT + 1),
      STUN_HTTP_PORT: String(PORT + 2),
      STUN_LISTEN_ADDRESSES: '127.0.0.1',
      STUN_RELAY_PORT_MIN: String(RELAY_PORT_MIN),
      STUN_RELAY_PORT_MAX: String(RELAY_PORT_MIN + 79),
      STUN_SECRET: SECRET,
      STUN_ALLOWED_PEERS: '127.0.0.0/8',
      PUBLIC_IP: '127.0.0.1',
      LOG_FORMAT: 'json',
      ...changes,
    });
    const start = async (changes: Record<string, string> = {}): Promise<RunningServer> => {
      server = await startServer(settings(changes), folder);
      await eventually(metrics, (text) => text.includes('stun_workers 2'));
      return server;
    };
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${PORT + 2}/metrics`)).text();
    const metric = async (name: string): Promise<number> =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await metrics())?.[1]);
    const login = (name: string) => mintCredential(SECRET, { name, nowMs: Date.now(), ttlSeconds: 600 });
    const connect = async (transport: 'udp' | 'tcp' = 'udp', name = 'alice'): Promise<TurnClient> => {
      const client = await TurnClient.connect(at(transport), login(name));
      open.push(client);
      return client;
    };
    /** Clients until both workers have one: which gets which is the kernel's choice. */
    const oneOfEach = async (): Promise<readonly [Talk, Talk]> => {
      const found: [Talk?, Talk?] = [];
      for (let tries = 0; tries < 40 && (found[0] === undefined || found[1] === undefined); tries++) {
        const client = await connect();
        const relayed = await client.allocated();
        found[workerOf(relayed)] ??= { client, relayed };
      }
      if (found[0] === undefined || found[1] === undefined)
        throw new Error('all of 40 clients have the same worker');
      return [found[0], found[1]];
    };
    /** That what a client sends reaches a peer and comes back. */
    const echo = async ({ client, relayed }: Talk, peer: UdpPeer): Promise<void> => {
      client.sendTo(peer.address, Buffer.from('there'));
      expect(await peer.next()).toEqual({ data: 'there', from: relayed });
      peer.send('back', relayed);
      expect((await client.next())?.data.toString()).toBe('back');
    };
    const anyPeer = async (): Promise<UdpPeer> => {
      const peer = await UdpPeer.open();
      open.push(peer);
      return peer;
    };

    it.each([
      ['UDP', []],
      ['TCP', ['-t']],
      ['TLS', ['-t', '-S', '-E', 'CERTIFICATE']],
    ])('relays for coturn’s clients over %s', async (_transport, flags) => {
      const { certFile, keyFile } = await makeCertificate(folder);
      // Sixteen clients with one name, who over TCP do not ask again.
      const limits = {
        STUN_CONTROL_PER_SECOND_PER_USER_MAX: '10000',
        STUN_UNAUTHENTICATED_PER_SECOND_MAX: '1000',
      };
      await start({ STUN_TLS_CERT_FILE: certFile, STUN_TLS_KEY_FILE: keyFile, ...limits });
      const echoServer: ChildProcess = spawn('turnutils_peer', ['-p', String(PORT + 3), '-L', '127.0.0.1'], {
        stdio: 'ignore',
      });
      const port = flags.includes('-S') ? PORT + 1 : PORT;
      const given = flags.map((flag) => (flag === 'CERTIFICATE' ? certFile : flag));
      const args = ['-p', port, ...given, '-e', '127.0.0.1', '-r', PORT + 3, '-c', '-m', 16, '-n', 10];
      try {
        const said = await new Promise<string>((resolve) => {
          execFile(
            'turnutils_uclient',
            [...args.map(String), '-u', 'alice', '-W', SECRET, '127.0.0.1'],
            { timeout: TOOL_MS_MAX, killSignal: 'SIGKILL' },
            (_error, stdout, stderr) => resolve(stdout + stderr),
          );
        });
        const totals = [...said.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)].at(-1);
        // The tool leaves before its last answers have come where the machine is busy.
        expect(Number(totals?.[1])).toBe(160);
        expect(Number(totals?.[2])).toBeGreaterThan(120);
        expect(await metric('stun_allocations_total')).toBeGreaterThanOrEqual(16);
      } finally {
        echoServer.kill();
      }
    });

    it('spreads clients over both workers, and lets an allocation of one reach one of the other', async () => {
      await start({ STUN_ALLOWED_PEERS: '' });
      const [one, other] = await oneOfEach();
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        await to.client.permit(from.relayed);
        await from.client.permit(to.relayed);
        from.client.sendTo(to.relayed, Buffer.from('hello'));
        expect(await to.client.next()).toMatchObject({ from: from.relayed, data: Buffer.from('hello') });
      }
      // An own port that no allocation has is not a peer, whoever's range it is in.
      await other.client.refresh(0);
      one.client.sendTo(other.relayed, Buffer.from('hello'));
      await eventually(metrics, (text) => text.includes('drops_total{reason="peerPolicy"} 1'));
    });

    it('keeps the quotas of an address and of a user over both workers', async () => {
      await start({ STUN_ALLOCATIONS_PER_ADDRESS_MAX: '12', STUN_ALLOCATIONS_PER_USER_MAX: '8' });
      const codes: (number | undefined)[] = [];
      const workers = new Set<number>();
      const allocate = async (name: string): Promise<void> => {
        const client = await connect('udp', name);
        const answer = await client.allocate();
        codes.push(errorCodeOf(answer));
        if (answer.class === 'success') workers.add(workerOf(relayedAddress(answer)));
        await sleep(20); // the other worker hears of it
      };
      for (let n = 0; n < 10; n++) await allocate('alice');
      expect(codes).toEqual([...Array<undefined>(8).fill(undefined), 486, 486]);
      for (let n = 0; n < 6; n++) await allocate('bob');
      expect(codes.slice(10)).toEqual([...Array<undefined>(4).fill(undefined), 486, 486]);
      expect([...workers].sort()).toEqual([0, 1]);
      expect(
        await eventually(
          () => metric('stun_allocations'),
          (found) => found === 12,
        ),
      ).toBe(12);
    });

    it('starts a worker again that dies, and the clients of the other one notice nothing', async () => {
      const running = await start();
      for (const dead of [0, 1] as const) {
        const talks = await oneOfEach();
        const peers = [await anyPeer(), await anyPeer()];
        for (const [index, talk] of talks.entries()) await talk.client.permit(peers[index]!.address);
        for (const [index, talk] of talks.entries()) await echo(talk, peers[index]!);
        const living = talks[1 - dead]!;
        const restarts = await metric('stun_worker_restarts_total');
        const before = await running.workers();
        await running.kill(before[dead]!, 'KILL');
        for (let n = 0; n < 10; n++) {
          await echo(living, peers[1 - dead]!);
          await sleep(30);
        }
        await eventually(
          () => metric('stun_worker_restarts_total'),
          (found) => found === restarts + 1,
        );
        await eventually(
          () => metric('stun_workers'),
          (found) => found === 2,
        );
        await eventually(
          () => running.workers(),
          (found) => found.length === 2,
        );
        await echo(living, peers[1 - dead]!);
        expect(errorCodeOf(await living.client.refresh(600))).toBeUndefined();
        // Its successor serves those who come, and hears of what the other one has.
        await oneOfEach();
        for (const one of open.splice(0)) one.close();
      }
    });

    it('ends a worker that hangs', async () => {
      const running = await start();
      const [pid] = await running.workers();
      await running.kill(pid!, 'STOP');
      await eventually(
        () => metric('stun_worker_restarts_total'),
        (found) => found === 1,
      );
      await oneOfEach();
    });

    it('drains at all workers, and tells so at once', async () => {
      const running = await start();
      const [one] = await oneOfEach();
      await running.signal('USR2');
      await eventually(
        () => metric('stun_draining'),
        (found) => found === 1,
      );
      expect((await fetch(`http://127.0.0.1:${PORT + 2}/ice-servers`)).status).toBe(503);
      for (let n = 0; n < 8; n++) expect(errorCodeOf(await (await connect()).allocate())).toBe(508);
      expect(errorCodeOf(await one.client.refresh(600))).toBeUndefined();
    });

    it('does not share its ports with another service', async () => {
      await start();
      const second = await startServer(settings({ STUN_HTTP_PORT: String(PORT + 4) }), folder);
      try {
        await eventually(
          () => Promise.resolve(second.output()),
          (said) => said.includes('cannot start'),
        );
        expect(second.output()).toContain(`Cannot listen on port ${PORT} for TURN over UDP`);
      } finally {
        await second.stop();
      }
    });

    it('ends its workers with itself', async () => {
      const running = await start();
      expect(await running.workers()).toHaveLength(2);
      await running.stop();
      server = undefined;
      // Their ports are free again.
      await start();
    });
  });
}

interface Talk {
  readonly client: TurnClient;
  readonly relayed: Address;
}

/** Runs a program that is the service, or has it inside. */
export function spawned(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (said += part));
  return {
    child,
    output: () => said,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
