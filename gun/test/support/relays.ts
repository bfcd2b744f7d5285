// Gun relays and stock gun clients for tests.
import { silentLog } from '@relay-swarm/kit';
import type { Roster } from '@relay-swarm/protocol';
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGunRelay } from '../../src/service.ts';
import { gunSettings, type GunSettings } from '../../src/settings.ts';

const WAIT_MS_MAX = 25_000;

const defaults = Object.fromEntries(
  Object.entries(gunSettings).map(([key, { default: value }]) => [key, value]),
) as unknown as GunSettings;

export interface RunningRelay {
  readonly url: string;
  readonly dataDir: string;
  /** Of /metrics, without "gun_". */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** One that looks into its roster ten times a second. */
export async function startGunRelay(
  settings: Partial<GunSettings> = {},
  monotonicMs?: () => number,
): Promise<RunningRelay> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gun-relay-'));
  const { parts, server } = buildGunRelay(
    { ...defaults, port: 0, dataDir, allowPrivate: true, linkSeconds: 0.1, ...settings },
    silentLog,
    monotonicMs,
  );
  for (const part of parts) await part.start();
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/gun`,
    dataDir,
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(new RegExp(`^gun_${name} (.*)$`, 'm').exec(text)?.[1]);
    },
    stop: async () => {
      for (const part of [...parts].reverse()) await part.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const idOf = (number: number): string => String(number).padStart(64, '0');

/** The roster that a tracker would have written for relay `self`. */
export async function writeRoster(relays: readonly RunningRelay[], self: number): Promise<void> {
  await writeFile(join(relays[self]!.dataDir, 'roster.json'), JSON.stringify(rosterOf(relays, self)));
}

export const rosterOf = (relays: readonly { url: string }[], self: number): Roster => ({
  swarm: 'test',
  self: idOf(self),
  generatedAt: Date.now(),
  relays: relays.map(({ url }, number) => ({
    id: idOf(number),
    url: `ws://127.0.0.1:${8000 + number}`,
    services: { gun: url },
    ...{ state: 'ok', load: 0, peers: 0, ageSeconds: 0 },
  })),
});

/** A stock gun client in a process of its own: gun keeps its state in the module. */
export class GunClient {
  readonly #process: ChildProcess;
  readonly #events: Record<string, unknown>[] = [];

  constructor(url: string) {
    const script = fileURLToPath(new URL('gun-client.mjs', import.meta.url));
    this.#process = fork(script, [url], { stdio: 'ignore' });
    this.#process.on('message', (event) => this.#events.push(event as Record<string, unknown>));
  }

  put(soul: string, value: object): void {
    this.#tell({ put: soul, value });
  }

  on(soul: string): void {
    this.#tell({ on: soul });
  }

  /** Whether `.once()` found something; waits until it says. */
  async once(soul: string): Promise<boolean> {
    this.#tell({ once: soul });
    const isAnswer = (event: Record<string, unknown>): boolean => event['once'] === soul;
    await eventually(`an answer about ${soul}`, () => this.#events.some(isAnswer));
    return this.#events.find(isAnswer)!['found'] === true;
  }

  async signsUp(name: string): Promise<boolean> {
    this.#tell({ signUp: name });
    return eventually(`${name} to be signed up`, () =>
      this.#events.some((event) => event['signedUp'] === name && event['ok'] === true),
    );
  }

  saved(soul: string): Promise<boolean> {
    return eventually(`${soul} to be saved`, () =>
      this.#events.some((event) => event['saved'] === soul && event['ok'] === true),
    );
  }

  /** Waits until it has printed such words, as gun does where a relay complains. */
  complains(words: string): Promise<boolean> {
    return eventually(`a complaint about ${words}`, () =>
      this.#events.some(({ said }) => typeof said === 'string' && said.includes(words)),
    );
  }

  /** Waits until it has seen the node so. */
  sees(soul: string, value: object): Promise<boolean> {
    const wanted = JSON.stringify(value);
    return eventually(`${soul} to be ${wanted}, seen ${JSON.stringify(this.#events)}`, () =>
      this.#events.some((event) => event['node'] === soul && JSON.stringify(event['value']) === wanted),
    );
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  #tell(command: object): void {
    this.#process.send(command);
  }
}

export async function eventually(what: string, is: () => boolean | Promise<boolean>): Promise<true> {
  const untilMs = Date.now() + WAIT_MS_MAX;
  while (!(await is())) {
    if (Date.now() > untilMs) throw new Error(`Cannot wait longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
