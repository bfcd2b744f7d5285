// The life of a service: read the settings, start the parts in order, stop them in reverse, exit with a code that means something.
import { completeFromFile } from './env-file.ts';
import { createLog, LOG_FORMATS, LOG_LEVELS, type Log } from './log.ts';
import { misspeltNames } from './misspelt.ts';
import { readableOutput } from './readable-log.ts';
import {
  choice,
  path,
  readSettings,
  SettingsError,
  withoutSecrets,
  type Environment,
  type Settings,
  type SettingsSpec,
} from './settings.ts';

/** Something with a life of its own. `stop()` must be safe after a `start()` that failed. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceDefinition<S extends SettingsSpec> {
  readonly name: string;
  readonly settings: S;
  /** Rules between settings; each string is one fault. */
  readonly check?: (settings: Settings<S>) => readonly string[];
  /** Puts the parts together, in the order in which they start. Opens nothing itself. */
  readonly build: (settings: Settings<S>, log: Log) => readonly Part[] | Promise<readonly Part[]>;
}

/** Docker kills after 10 s. */
export const STOP_MS_MAX = 8_000;

export const logSettings = {
  logLevel: choice('LOG_LEVEL', { of: LOG_LEVELS, default: 'info' }, 'How much the services log'),
  logFormat: choice(
    'LOG_FORMAT',
    { of: LOG_FORMATS, default: 'json' },
    'json for machines, text for people; in the bundle on a laptop text',
  ),
};

/** Of every service that has files. */
export const dataDirSetting = path(
  'DATA_DIR',
  { default: './data' },
  'Folder of the files that the services share, without Docker',
);

/**
 * Runs a service until SIGTERM or SIGINT (exit 0 after a clean stop). Wrong settings or a part that cannot start are told
 * in sentences on standard error, exit 1. A second signal ends the process at once.
 */
export async function runService<S extends SettingsSpec>(definition: ServiceDefinition<S>): Promise<void> {
  const { name } = definition;
  const running: Part[] = [];
  let log = createLog(name);
  let stopping: Promise<never> | undefined;

  const stop = (exitCode: number): Promise<never> => (stopping ??= stopAll(exitCode));
  const stopAll = async (exitCode: number): Promise<never> => {
    setTimeout(() => {
      log.error('stopping took too long, exiting', { millisecondsMax: STOP_MS_MAX });
      process.exit(1);
    }, STOP_MS_MAX).unref();
    for (const part of running.splice(0).reverse()) {
      try {
        await part.stop();
      } catch (error) {
        log.error('part did not stop', { part: part.name, error });
      }
    }
    if (exitCode === 0) log.info('stopped');
    process.exit(exitCode);
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      log.info('stopping', { signal });
      void stop(0);
    });
  }
  // A bug is ours: say it with its stack and let the supervisor start us afresh.
  process.on('uncaughtException', (error) => {
    log.error('bug: uncaught exception', { error });
    void stop(1);
  });

  try {
    const env = completeFromFile('.env', process.env);
    const { logLevel, logFormat } = readCommon(env, definition);
    log = createLog(name, logLevel, logFormat === 'text' ? readableOutput(process.stdout) : undefined);
    const all = Object.values({ ...logSettings, ...definition.settings });
    for (const name of misspeltNames(env, all))
      log.warn('a name is set that nobody reads: is it misspelt?', { ...name });
    const settings = readSettings(env, definition.settings, definition.check);
    log.info('starting', { node: process.version, settings: withoutSecrets(definition.settings, settings) });
    for (const part of await definition.build(settings, log)) {
      if (stopping) return;
      running.push(part);
      await part.start();
    }
    if (!stopping) log.info('ready', { parts: running.map((part) => part.name) });
  } catch (error) {
    if (stopping) return; // a part that is stopped while it starts may well say so
    process.stderr.write(`${name} cannot start:\n${explain(error).replace(/^/gm, '  ')}\n`);
    await stop(1);
  }
}

/** The settings that every service has. A fault in them does not hide the faults of the others. */
function readCommon<S extends SettingsSpec>(
  env: Environment,
  definition: ServiceDefinition<S>,
): Settings<typeof logSettings> {
  try {
    return readSettings(env, logSettings);
  } catch (error) {
    readSettings(env, { ...logSettings, ...definition.settings });
    throw error;
  }
}

function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { path, code } = error as NodeJS.ErrnoException;
  if (path !== undefined && code !== undefined)
    return `Cannot use ${path}: found ${error.message}, wanted a place that this service may read and write`;
  return error.stack ?? error.message;
}

/** Turns the system's complaint about a listening socket into a sentence that names the port and the setting. */
export function explainListenError(
  error: NodeJS.ErrnoException,
  what: string,
  port: number,
  settingName: string,
): Error {
  if (error.code === 'EADDRINUSE') {
    return new SettingsError(
      `Cannot listen on port ${port} for ${what}: another program uses it. Stop that program, or set ${settingName} to a free port`,
    );
  }
  if (error.code === 'EACCES') {
    return new SettingsError(
      `Cannot listen on port ${port} for ${what}: ports below 1024 need special rights. Set ${settingName} to a port above 1023`,
    );
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return new SettingsError(
      `Cannot listen on port ${port} for ${what}: the address ${(error as { address?: string }).address ?? ''} is not one of this machine's`,
    );
  }
  return error;
}
