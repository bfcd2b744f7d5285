// relay-seeder in a process of its own, talking JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programOf } from '../../../../test/support/compile.ts';

export type SeederEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface SeederProcess {
  readonly pid: number;
  readonly events: readonly SeederEvent[];
  /** The next event of this kind, seen already or to come. */
  event(kind: string, where?: (event: SeederEvent) => boolean, msMax?: number): Promise<SeederEvent>;
  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  readonly ended: Promise<number | null>;
  /** The last of what it said beside its events. */
  readonly errors: string;
}

const EVENT_MS_MAX = 60_000;

export async function runSeeder(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SeederProcess> {
  const child = spawn(process.execPath, [await programOf('packages/seeder/src/main.ts'), ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
  });
  const events: SeederEvent[] = [];
  const waiting = new Set<() => void>();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-5_000)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as SeederEvent);
    for (const look of waiting) look();
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  return {
    pid: child.pid!,
    events,
    ended,
    get errors() {
      return errors;
    },
    event: (kind, where = () => true, msMax = EVENT_MS_MAX) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find((one) => one.event === kind && where(one));
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(`No "${kind}" from the seeder, but ${JSON.stringify(events.slice(-5))} ${errors}`),
          );
        }, msMax);
        waiting.add(look);
        look();
      }),
    stop: () => {
      child.kill('SIGINT');
      return ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
