// npm start as a user without Docker meets it: ready, stopped, and told what is wrong.
import { jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exampleSettings, root } from './support/repository.ts';

const READY = 'relay-swarm is ready';
/** It builds the pages, and gives its services a minute: on a busy machine that is more than jest gives a test. */
jest.setTimeout(120_000);

class Run {
  output = '';
  readonly #child: ChildProcess;
  readonly exitCode: Promise<number | null>;

  constructor(settings: Readonly<Record<string, string>>) {
    // What the person who runs the tests has set is none of the tests' business.
    const own = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !exampleSettings().has(name)),
    );
    this.#child = spawn(process.execPath, ['scripts/start.mjs'], {
      cwd: root,
      env: { ...own, ...settings, NODE_OPTIONS: '' },
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (part: string) => (this.output += part));
    }
    this.exitCode = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Waits until the output has this text; fails with the output when the program ends before. */
  async says(text: string): Promise<void> {
    const state = { ended: false };
    void this.exitCode.then(() => (state.ended = true));
    while (!this.output.includes(text)) {
      if (state.ended) throw new Error(`npm start ended without saying "${text}":\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

async function listenAnywhere(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('npm start', () => {
  let dataDir: string;
  let settings: Record<string, string>;
  let run: Run | undefined;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'start-'));
    const servers = await Promise.all(
      ['TRACKER', 'PEERJS', 'STUN_HTTP'].map(async (name) => [name, await listenAnywhere()] as const),
    );
    // TURN listens on UDP too: below the ports that systems hand out, so that no client of another test has it by chance.
    const turn = 14_000 + 2 * Math.floor(Math.random() * 2_000);
    settings = {
      STUN_PORT: String(turn),
      STUN_TLS_PORT: String(turn + 1),
      DATA_DIR: dataDir,
      IDENTITY_DIR: join(dataDir, 'identity'),
      STUN_SECRET_DIR: join(dataDir, 'secret'),
      ...Object.fromEntries(servers.map(([name, server]) => [`${name}_PORT`, String(portOf(server))])),
    };
    for (const [, server] of servers) server.close();
  });
  afterEach(async () => {
    run?.signal('SIGTERM');
    await run?.exitCode;
    run = undefined;
    await rm(dataDir, { recursive: true });
  });

  it('brings every service up, says where it is, and stops cleanly on Ctrl-C', async () => {
    run = new Run(settings);
    await run.says(READY);
    for (const name of ['TRACKER', 'PEERJS', 'STUN_HTTP']) {
      const at = `http://127.0.0.1:${settings[`${name}_PORT`]}/`;
      expect(run.output).toContain(at);
      expect((await fetch(`${at}healthz`)).status).toBe(200);
    }
    const { iceServers } = (await (
      await fetch(`http://127.0.0.1:${settings['STUN_HTTP_PORT']}/ice-servers`)
    ).json()) as {
      iceServers: { urls: string[] }[];
    };
    expect(iceServers[0]!.urls).toEqual([`stun:127.0.0.1:${settings['STUN_PORT']}`]);
    // What the pages go by: other ports than the usual ones are told.
    const roster = await fetch(`http://127.0.0.1:${settings['TRACKER_PORT']}/relays.json`);
    expect(await roster.json()).toMatchObject({
      relays: [
        {
          url: `ws://127.0.0.1:${settings['TRACKER_PORT']}`,
          peerjs: `http://127.0.0.1:${settings['PEERJS_PORT']}/`,
          iceServers: `http://127.0.0.1:${settings['STUN_HTTP_PORT']}/ice-servers`,
        },
      ],
    });
    const stoppedAtMs = Date.now();
    run.signal('SIGINT');
    expect(await run.exitCode).toBe(0);
    expect(Date.now() - stoppedAtMs).toBeLessThan(10_000);
    expect(run.output).toContain('relay-swarm: stopped');
    await expect(fetch(`http://127.0.0.1:${settings['TRACKER_PORT']}/healthz`)).rejects.toThrow();
  });

  it('with LAN_ADDRESS listens there too, and hands out that address', async () => {
    const lan = '127.0.0.77'; // as good as another address of this machine, and nobody else reaches it
    run = new Run({ ...settings, LAN_ADDRESS: lan });
    await run.says(READY);
    expect(run.output).toContain(`http://${lan}:${settings['TRACKER_PORT']}/`);
    for (const host of [lan, '127.0.0.1'])
      expect((await fetch(`http://${host}:${settings['PEERJS_PORT']}/healthz`)).status).toBe(200);
    const answer = await fetch(`http://${lan}:${settings['STUN_HTTP_PORT']}/ice-servers`);
    expect(await answer.json()).toMatchObject({
      iceServers: [{ urls: [`stun:${lan}:${settings['STUN_PORT']}`] }, {}],
    });
  });

  it('names the port that is taken, and the setting', async () => {
    const other = await listenAnywhere();
    try {
      run = new Run({ ...settings, TRACKER_PORT: String(portOf(other)) });
      expect(await run.exitCode).toBe(1);
      expect(run.output).toContain(`Cannot listen on port ${portOf(other)}`);
      // What the eye finds first in a terminal: nothing comes after the reason.
      const [what, who, why] = run.output.trimEnd().split('\n').slice(-3);
      expect(what).toBe('relay-swarm: tracker could not start (exit code 1), so everything is stopped:');
      expect(who).toBe('  tracker cannot start:');
      expect(why).toMatch(/^ +Cannot listen on port .* set TRACKER_PORT to a free port$/);
      expect(run.output).not.toMatch(/\n\s+at /); // no stack
      expect(run.output).not.toContain(READY);
    } finally {
      other.close();
    }
  });

  it('started twice, says that it runs already', async () => {
    run = new Run(settings);
    await run.says(READY);
    const second = new Run(settings);
    expect(await second.exitCode).toBe(1);
    expect(second.output).toContain(
      `Cannot start: tracker answers on http://127.0.0.1:${settings['TRACKER_PORT']} already`,
    );
    expect(second.output).not.toContain(READY);
  });

  it('tells every wrong setting', async () => {
    run = new Run({ ...settings, TRACKER_OFFERS_MAX: 'many', TRACKER_PING_SECONDS: '0' });
    expect(await run.exitCode).toBe(1);
    expect(run.output).toContain('TRACKER_OFFERS_MAX="many": must be a whole number from 1 to 100');
    expect(run.output).toContain('TRACKER_PING_SECONDS="0": must be a whole number from 1 to 300');
  });

  it('tells the wrong settings of every service before it stops them', async () => {
    // LOG_LEVEL is read by all three, and the tracker has a fault of its own.
    run = new Run({ ...settings, TRACKER_PORT: 'abc', LOG_LEVEL: 'loud' });
    expect(await run.exitCode).toBe(1);
    const end = run.output.slice(run.output.indexOf('relay-swarm: '));
    for (const name of ['tracker', 'peerjs', 'stun']) {
      expect(end).toContain(`relay-swarm: ${name} could not start (exit code 1)`);
      expect(run.output.match(new RegExp(`^${name} ! .*LOG_LEVEL="loud": must be`, 'gm'))).toHaveLength(1);
    }
    expect(end).toMatch(/^ +TRACKER_PORT="abc": must be/m);
  });

  it('tells the faults of one service while another starts well', async () => {
    run = new Run({ ...settings, STUN_ALLOCATIONS_MAX: 'x' });
    expect(await run.exitCode).toBe(1);
    expect(run.output).toContain(
      'relay-swarm: stun could not start (exit code 1), so everything is stopped:',
    );
    expect(run.output).not.toContain('tracker could not start');
    expect(run.output).not.toContain(READY);
  });
});
