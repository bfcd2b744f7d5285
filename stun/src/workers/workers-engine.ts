// A TURN server of several processes that listen on the same ports (STUN_WORKERS): to the rest of this service one engine like the
// others. It starts the workers one after the other, adds their numbers up, passes counts on, and starts again what has died.
import { SettingsError, type Log } from '@relay-swarm/kit';
import { interfaceAddresses } from '@relay-swarm/net/own-addresses';
import { randomBytes } from 'node:crypto';
import { engineOptions, type Found } from '../engine-options.ts';
import type { ListeningAddress, TlsFiles, Transport, TurnEngine, TurnStats } from '../engine.ts';
import { checkTlsFiles } from '../listeners/stream-listener.ts';
import { createNativeEngine } from '../native-engine.ts';
import type { StunSettings } from '../settings.ts';
import { NONCE_KEY_BYTES } from '../auth/nonce.ts';
import { Ledger, type CountChange } from './ledger.ts';
import type { BudgetNow, ToWorker } from './messages.ts';
import { portRanges } from './shares.ts';
import { Slots, type Arrangement } from './slots.ts';
import { leftBehind, sumOf } from './sum.ts';
import { WorkerProcess } from './worker-process.ts';

const LOOK_MS = 1_000;
/** As often as a single process looks at this machine's addresses. */
const ADDRESSES_EVERY_LOOKS = 5;
/** A worker tells its numbers twice a second; one that has been silent for so long hangs. */
const SILENT_LOOKS_MAX = 10;
const FIRST_AGAIN_MS = 1_000;
const AGAIN_MS_MAX = 30_000;
/** A worker that has run for this long is restarted at once. */
const PROVEN_MS = 10_000;

export interface WorkersEngine extends TurnEngine {
  readonly alive: () => number;
  readonly restarts: () => number;
  readonly budgets: () => readonly BudgetNow[];
}

/** Throws where this Node or system cannot. `node` is `process.version`. */
export function checkReusePort(workers: number, node: string, platform: string): void {
  const [major = 0, minor = 0] = node.slice(1).split('.').map(Number);
  if (platform === 'linux' && (major > 23 || (major === 23 && minor >= 1))) return;
  throw new SettingsError(
    `STUN_WORKERS=${workers} needs Linux and Node.js 23.1 or newer, as in the containers, found ${platform} and ${node}: use these, or set STUN_WORKERS=1`,
  );
}

export function createWorkersEngine(settings: StunSettings, found: Found, log: Log): WorkersEngine {
  const { workers: count } = settings;
  checkReusePort(count, process.version, process.platform);
  const ranges = portRanges({ min: settings.relayPortMin, max: settings.relayPortMax }, count);
  // It checks the options, knows what a worker can do, and finds out whether the ports are free: workers would share them with any other
  // process of this user that shares them too.
  const alone = createNativeEngine(engineOptions(settings, found, log));
  const { capabilities } = alone;
  const nonceKey = randomBytes(NONCE_KEY_BYTES);
  const ledger = new Ledger();
  const slots = new Slots();
  const workers = new Map<number, WorkerProcess>();
  const timers = new Set<NodeJS.Timeout>();
  let gone: TurnStats = sumOf([]);
  let { tlsFiles } = found;
  let ports = { udp: settings.port, tcp: settings.port, tls: settings.tlsPort };
  let isDraining = false;
  /** All of the first workers have bound. */
  let isWhole = false;
  let isStopped = false;
  let restarts = 0;
  let looks = 0;
  /** What changes the row of sockets, one thing after the other. */
  let starting = Promise.resolve();

  const others = (index: number): WorkerProcess[] =>
    [...workers].filter(([other]) => other !== index).map(([, worker]) => worker);
  const tellAll = (message: ToWorker): void => {
    for (const worker of workers.values()) worker.send(message);
  };
  const arrange = async (arrangement: Arrangement | undefined): Promise<void> => {
    if (arrangement) await workers.get(arrangement.worker)?.arrange(arrangement.what);
  };
  const introduce = (): void => {
    for (const [index, worker] of workers) {
      const siblings = [...workers]
        .filter(([other, { linkPort }]) => other !== index && linkPort > 0)
        .map(([other, { linkPort }]) => ({ ...ranges[other]!, linkPort }));
      worker.send({ kind: 'siblings', siblings });
    }
  };
  const passOn = (index: number, changes: readonly CountChange[]): void => {
    for (const worker of others(index)) worker.send({ kind: 'counts', changes });
  };

  const startWorker = async (index: number, triedMs: number): Promise<void> => {
    const startedAtMs = performance.now();
    const worker = new WorkerProcess({
      index,
      log,
      onCounts: (changes) => {
        ledger.changed(index, changes);
        passOn(index, changes);
      },
      onDeath: (how) => {
        log.error('a worker of the TURN server has ended and is started again', { worker: index, how });
        died(index, worker);
        if (!isStopped && hasStarted)
          again(
            index,
            performance.now() - startedAtMs > PROVEN_MS ? 0 : Math.max(triedMs * 2, FIRST_AGAIN_MS),
          );
      },
    });
    let hasStarted = false;
    workers.set(index, worker);
    try {
      await worker.start({
        settings,
        workers: count,
        ports,
        relayPorts: ranges[index]!,
        address: found.address,
        tlsFiles,
        secrets: found.secrets(),
        nonceKey,
        budgetBytes: Math.round(found.budget.bytesMax / count),
        own: interfaceAddresses(),
        counts: ledger.elsewhere(index),
        isDebug: log.isDebug,
      });
    } catch (error) {
      workers.delete(index);
      await worker.stop();
      throw error;
    }
    hasStarted = true;
    ports = portsOf(worker.listening, ports);
    if (isDraining) worker.send({ kind: 'drain' });
    await arrange(slots.joined(index));
    if (isWhole) await worker.arrange('serve');
    introduce();
  };

  const died = (index: number, worker: WorkerProcess): void => {
    if (workers.get(index) !== worker) return;
    workers.delete(index);
    if (worker.stats) gone = sumOf([gone, leftBehind(worker.stats)]);
    passOn(index, ledger.died(index));
    introduce();
    const arrangement = slots.died(index);
    if (arrangement !== 'anew') {
      starting = starting.then(() => arrange(arrangement));
      return;
    }
    log.error('two workers of the TURN server have ended at once, so all start anew');
    slots.clear();
    for (const other of workers.values()) other.kill();
  };

  const again = (index: number, afterMs: number): void => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        starting = starting.then(async () => {
          if (isStopped) return;
          restarts++;
          await startWorker(index, afterMs).catch((error: unknown) => {
            log.error('a worker of the TURN server cannot start', { worker: index, error });
            if (!isStopped) again(index, Math.min(AGAIN_MS_MAX, Math.max(afterMs * 2, FIRST_AGAIN_MS)));
          });
        });
      },
      Math.min(AGAIN_MS_MAX, afterMs),
    );
    timers.add(timer);
  };

  const look = async (): Promise<void> => {
    for (const [index, worker] of workers) {
      if (++worker.silentLooks <= SILENT_LOOKS_MAX) continue;
      log.error('a worker of the TURN server hangs and is ended', { worker: index });
      worker.kill();
    }
    if (++looks % ADDRESSES_EVERY_LOOKS !== 0 || isLooking) return;
    isLooking = true;
    const own = interfaceAddresses();
    for (const worker of workers.values()) await worker.look(own);
    isLooking = false;
  };
  let isLooking = false;
  let looking: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    isStopped = true;
    clearInterval(looking);
    for (const timer of timers) clearTimeout(timer);
    await Promise.all([...workers.values()].map((worker) => worker.stop()));
    await starting;
  };

  return {
    name: 'turn',
    capabilities: {
      ...capabilities,
      reservationToken: false,
      warnings: [
        ...capabilities.warnings,
        'with STUN_WORKERS above 1 a port cannot be reserved for a second allocation (RESERVATION-TOKEN, which browsers do not use)',
      ],
    },
    start: async () => {
      await alone.start();
      await alone.stop();
      try {
        for (let index = 0; index < count; index++) await startWorker(index, 0);
        isWhole = true;
        for (const worker of workers.values()) await worker.arrange('serve');
      } catch (error) {
        await stop();
        throw error;
      }
      looking = setInterval(() => void look(), LOOK_MS);
      looking.unref();
    },
    stop,
    listening: () => [...workers.values()][0]?.listening ?? [],
    stats: () => ({
      ...sumOf([gone, ...[...workers.values()].flatMap(({ stats }) => stats ?? [])]),
      isDraining,
    }),
    drain: () => {
      isDraining = true;
      tellAll({ kind: 'drain' });
    },
    reloadTls: (files: TlsFiles) => {
      checkTlsFiles(files);
      tlsFiles = files;
      tellAll({ kind: 'tls', files });
    },
    reloadSecrets: () => tellAll({ kind: 'secrets', secrets: found.secrets() }),
    alive: () => workers.size,
    restarts: () => restarts,
    budgets: () => [...workers.values()].flatMap(({ budget }) => budget ?? []),
  };
}

/** Where port 0 was asked for, the first worker has found the port of all. */
function portsOf(
  listening: readonly ListeningAddress[],
  asked: Readonly<Record<Transport, number>>,
): Record<Transport, number> {
  const portOf = (transport: Transport): number =>
    listening.find((one) => one.transport === transport)?.port ?? asked[transport];
  return { udp: portOf('udp'), tcp: portOf('tcp'), tls: portOf('tls') };
}
