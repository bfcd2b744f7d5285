// Servers in processes of their own: bare `peer` as its users start it, and our service.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/free-port.mjs';
import { programOf } from '../../../test/support/compile.ts';
import { untilWithin } from '../../../test/support/until.ts';

export interface ServerProcess {
  readonly port: number;
  readonly child: ChildProcess;
  /** The exit code, or null where a signal ended it; rejects after the time. */
  exited(milliseconds: number): Promise<number | null>;
  kill(): Promise<void>;
}

/** A program of ours, or one that answers on its port as ours do. */
export async function start(file: string, env: Record<string, string>, port: number): Promise<ServerProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'peerjs-test-'));
  const child = spawn(process.execPath, [file], {
    cwd: dataDir,
    stdio: 'ignore',
    env: { ...process.env, NODE_OPTIONS: '', ...env, PEERJS_PORT: String(port), DATA_DIR: dataDir },
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const exited = async (milliseconds: number): Promise<number | null> => {
    await untilWithin(milliseconds)('the process to end', hasEnded);
    rmSync(dataDir, { recursive: true, force: true });
    return child.exitCode;
  };
  for (const endMs = Date.now() + 10_000; ;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    if (hasEnded() || Date.now() > endMs) throw new Error(`Cannot start ${file}: it does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    port,
    child,
    exited,
    kill: async () => {
      if (hasEnded()) return;
      child.kill('SIGKILL');
      await exited(3_000);
    },
  };
}

export async function startBarePeer(env: Record<string, string> = {}): Promise<ServerProcess> {
  return start(join(import.meta.dirname, '../../bench/bare.mjs'), env, await freePort());
}

export async function startOurs(env: Record<string, string> = {}, port?: number): Promise<ServerProcess> {
  return start(await programOf('peerjs/src/main.ts'), env, port ?? (await freePort()));
}
