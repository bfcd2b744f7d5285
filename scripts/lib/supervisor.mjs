// Keeps one service running as a child process: starts it, prints what it says, starts it again when it dies, stops it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readableLine } from '@relay-swarm/kit/readable-log';

const BACK_OFF_MS_MAX = 30_000;
/** A service that ends sooner than this has not really started: what it printed is the reason, and trying again is no help. */
const STARTED_MS_MIN = 10_000;
/** What a service says on standard error before it ends, in lines: the last ones are kept. */
const COMPLAINTS_MAX = 40;
/** As in docker/node-service.Dockerfile. */
const NODE_FLAGS = ['--enable-source-maps', '--max-semi-space-size=2'];
/** The services give themselves 8 s. */
const STOP_MS_MAX = 9_000;

/** `onFailure(exit, complaints)` is called once, when the service ends without having really started: how, and what it said of it. */
export function supervise({ name, file, cwd, env, print, onFailure }) {
  let child;
  let timer;
  let stopping = false;
  let backOffMs = 1_000;

  const start = () => {
    const startedAtMs = Date.now();
    const complaints = [];
    // Its own process group: a Ctrl-C in the terminal reaches us alone, and we pass it on once.
    child = spawn(process.execPath, [...NODE_FLAGS, file], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    createInterface({ input: child.stdout }).on('line', (line) => print(`${name} | ${readableLine(line)}`));
    createInterface({ input: child.stderr }).on('line', (line) => {
      print(`${name} ! ${line}`);
      if (complaints.push(line) > COMPLAINTS_MAX) complaints.shift();
    });
    child.once('close', (code, signal) => {
      child = undefined;
      if (stopping) return;
      const exit = signal ? `signal ${signal}` : `exit code ${code}`;
      const ranMs = Date.now() - startedAtMs;
      if (ranMs < STARTED_MS_MIN) return onFailure(exit, complaints);
      if (ranMs > 2 * BACK_OFF_MS_MAX) backOffMs = 1_000;
      print(`relay-swarm: ${name} ended (${exit}); starting it again in ${backOffMs / 1000} s`);
      timer = setTimeout(start, backOffMs);
      backOffMs = Math.min(2 * backOffMs, BACK_OFF_MS_MAX);
    });
  };
  start();

  return {
    isRunning: () => child !== undefined,
    /** SIGTERM, and SIGKILL to what is left after 9 s. */
    stop: () => {
      stopping = true;
      clearTimeout(timer);
      if (child === undefined) return Promise.resolve();
      const ended = child;
      return new Promise((resolve) => {
        const last = setTimeout(() => ended.kill('SIGKILL'), STOP_MS_MAX);
        ended.once('close', () => {
          clearTimeout(last);
          resolve(undefined);
        });
        ended.kill('SIGTERM');
      });
    },
  };
}
