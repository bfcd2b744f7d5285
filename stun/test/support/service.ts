// The whole service on loopback and free ports, as main.ts puts it together.
import { readSettings, silentLog, type Log, type Part } from '@relay-swarm/kit';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStun, type Stun } from '../../src/app.ts';
import type { IceServersAnswer } from '../../src/ice-servers/answer.ts';
import { checkSettings, settings, type StunSettings } from '../../src/settings.ts';

export interface RunningService {
  readonly stun: Stun;
  readonly dataDir: string;
  readonly httpUrl: string;
  iceServers(): Promise<IceServersAnswer>;
  stop(): Promise<void>;
}

export async function startService(
  changes: Partial<StunSettings> = {},
  log: Log = silentLog,
): Promise<RunningService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stun-'));
  const found = {
    ...readSettings({ PUBLIC_IP: '127.0.0.1' }, settings, checkSettings),
    ...freePorts(),
    dataDir,
    secretDir: join(dataDir, 'secret'),
    ...changes,
  };
  const running: Part[] = [];
  const stop = async (): Promise<void> => {
    for (const part of running.splice(0).reverse()) await part.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const stun = await buildStun(found, log);
    for (const part of stun.parts) {
      running.push(part);
      await part.start();
    }
    const httpUrl = `http://127.0.0.1:${(stun.http.address() as AddressInfo).port}`;
    return {
      stun,
      dataDir,
      httpUrl,
      iceServers: async () => (await (await fetch(`${httpUrl}/ice-servers`)).json()) as IceServersAnswer,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Relay ports cannot be 0: each test file takes a corner of its own, below those that the system hands out. */
function freePorts() {
  const relayPortMin = 12_000 + 64 * Math.floor(Math.random() * 300);
  return {
    port: 0,
    tlsPort: 0,
    httpPort: 0,
    listenAddresses: ['127.0.0.1'],
    relayPortMin,
    relayPortMax: relayPortMin + 63,
  };
}
