// One of several processes that are one TURN server. It takes orders only from the service that has started it (workers-engine.ts),
// and ends with it. It ignores the signals of a terminal or of Docker, which the service handles.
import { SettingsError, type Log, type LogLevel } from '@relay-swarm/kit';
import { ByteBudget } from '@relay-swarm/net/budget';
import { performance } from 'node:perf_hooks';
import { engineOptions } from '../engine-options.ts';
import { createNativeEngine, type NativeEngine } from '../native-engine.ts';
import { createCounters } from '../turn/counters.ts';
import type { HeardChange, SharedCounts } from '../turn/worker-share.ts';
import { CountChanges, type CountChange } from './ledger.ts';
import { WORKER_ARGUMENT, type FromWorker, type ToWorker, type WorkerStart } from './messages.ts';
import { limitsOfWorker } from './shares.ts';
import { SiblingLink } from './sibling-link.ts';

const TELL_MS = 500;

/** Whether this process is one: `main.ts` is the program of both. */
export const isWorker = (): boolean => process.argv[2]?.startsWith(WORKER_ARGUMENT) === true;

export function runWorker(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)
    process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(1));
  process.on('uncaughtException', (error) => {
    log.error('bug: uncaught exception', { error });
    tell({ kind: 'failed', message: String(error) }, () => process.exit(1));
  });
  process.on('message', (message: ToWorker) => {
    receive(message).catch((error: unknown) => {
      if (message.kind !== 'start') {
        log.error('a worker cannot do what it was told', { what: message.kind, error });
        return;
      }
      const text = error instanceof SettingsError ? error.message : String((error as Error).stack ?? error);
      tell({ kind: 'failed', message: text }, () => process.exit(1));
    });
  });
}

const tell = (message: FromWorker, sent: () => void = () => undefined): void => {
  if (process.connected) process.send!(message, undefined, undefined, sent);
};

let isDebug = false;
const write =
  (level: LogLevel) =>
  (message: string, fields: Record<string, unknown> = {}): void => {
    if (level !== 'debug' || isDebug) tell({ kind: 'log', level, message, fields });
  };
const log: Log = {
  debug: write('debug'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
  get isDebug() {
    return isDebug;
  },
};

/** The clock of the machine: nonces of one worker are read by another. */
const sinceBootMs = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now();
const monotonicMs = (): number => sinceBootMs + performance.now();

/** What is counted over all workers: told once for each turn of the event loop. */
class Counts implements SharedCounts {
  readonly #heard = new Map<string, HeardChange>();
  #changes: CountChanges | undefined;

  tell(...change: CountChange): void {
    if (this.#changes === undefined) {
      this.#changes = new CountChanges();
      setImmediate(() => {
        const changes = this.#changes!.all;
        this.#changes = undefined;
        if (changes.length > 0) tell({ kind: 'counts', changes });
      });
    }
    this.#changes.add(...change);
  }

  hear(what: CountChange[0], heard: HeardChange): void {
    this.#heard.set(what, heard);
  }

  changedElsewhere(changes: readonly CountChange[]): void {
    for (const [what, key, by] of changes) this.#heard.get(what)?.(key, by, monotonicMs());
  }
}

const counts = new Counts();
let engine: NativeEngine | undefined;
let link: SiblingLink | undefined;
let own: readonly string[] = [];
let secrets: readonly string[] = [];

async function start({ settings, workers, ports, relayPorts, ...given }: WorkerStart): Promise<void> {
  ({ own, secrets, isDebug } = given);
  const budget = new ByteBudget({ bytesMax: given.budgetBytes });
  const found = { address: given.address, own, tlsFiles: given.tlsFiles, secrets: () => secrets, budget };
  const of = {
    ...settings,
    port: ports.udp,
    relayPortMin: relayPorts.min,
    relayPortMax: relayPorts.max,
  };
  const options = engineOptions(of, found, log);
  link = new SiblingLink(createCounters(), options.limits.sendBufferBytesMax);
  const at = (port: number) => (endpoint: { host: string }) => ({ ...endpoint, port });
  engine = createNativeEngine({
    ...options,
    tcp: options.tcp.map(at(ports.tcp)),
    tls: options.tls.map(at(ports.tls)),
    limits: limitsOfWorker(options.limits, workers),
    monotonicMs,
    worker: {
      nonceKey: Buffer.from(given.nonceKey),
      counts,
      siblings: link,
      listenedAddresses: () => own,
    },
  });
  counts.changedElsewhere(given.counts);
  await engine.start();
  tellStats();
  setInterval(tellStats, TELL_MS).unref();
  tell({ kind: 'started', linkPort: link.port });

  function tellStats(): void {
    const { bytes, isTight, counts: cut } = budget;
    const now = { bytes, isTight, counts: { ...cut } };
    tell({ kind: 'stats', stats: engine!.stats(), listening: engine!.listening(), budget: now });
  }
}

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === 'start') await start(message.start);
  else if (message.kind === 'siblings') link?.know(message.siblings);
  else if (message.kind === 'counts') counts.changedElsewhere(message.changes);
  else if (message.kind === 'tls') engine?.reloadTls(message.files);
  else if (message.kind === 'secrets') ({ secrets } = message);
  else if (message.kind === 'drain') engine?.drain();
  else if (message.kind === 'arrange') {
    try {
      engine?.listeners.arrange(message.what);
    } finally {
      tell({ kind: 'arranged' });
    }
  } else if (message.kind === 'look') {
    ({ own } = message);
    await engine?.listeners.look();
    tell({ kind: 'looked' });
  } else {
    await engine?.stop();
    link?.close();
    process.disconnect();
    process.exit(0);
  }
}
