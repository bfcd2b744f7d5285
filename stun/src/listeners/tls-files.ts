// The certificate of TURN over TLS: read, watched and handed to the engine again when certbot has renewed it.
import { SettingsError, type Log, type Part } from '@relay-swarm/kit';
import { readFile } from 'node:fs/promises';
import type { TlsFiles, TurnEngine } from '../engine.ts';

export interface TlsPaths {
  readonly certFile: string;
  readonly keyFile: string;
}

export async function readTlsFiles({ certFile, keyFile }: TlsPaths): Promise<TlsFiles> {
  const read = (name: string, file: string): Promise<string> =>
    readFile(file, 'utf8').catch((error: unknown) => {
      throw new SettingsError(
        `Cannot read ${name}=${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}): it must be a PEM file that this service may read`,
      );
    });
  // One after the other, so that the same fault always has the same sentence.
  const cert = await read('STUN_TLS_CERT_FILE', certFile);
  return { cert, key: await read('STUN_TLS_KEY_FILE', keyFile) };
}

/**
 * Looks at the files every `everyMs` (links and renames included, so that it does not matter how they were replaced) and
 * reloads when their content is another. Files that do not fit are told once; the old certificate stays.
 */
export function createTlsReloader(
  engine: Pick<TurnEngine, 'reloadTls'>,
  { paths, loaded, everyMs, log }: { paths: TlsPaths; loaded: TlsFiles; everyMs: number; log: Log },
): Part & { reload(): Promise<void> } {
  let current = loaded;
  let refused = '';
  let timer: NodeJS.Timeout | undefined;

  const reload = async (): Promise<void> => {
    try {
      const found = await readTlsFiles(paths);
      if (found.cert === current.cert && found.key === current.key) return;
      engine.reloadTls(found);
      current = found;
      refused = '';
      log.info('certificate reloaded');
    } catch (error) {
      // While certbot is between its two files, or for as long as an operator's mistake stays: one line, not one a period.
      if (String(error) !== refused) log.warn('cannot reload the certificate, the old one stays', { error });
      refused = String(error);
    }
  };
  return {
    name: 'tls-reloader',
    reload,
    start: () => {
      timer = setInterval(() => void reload(), everyMs);
      timer.unref();
      return Promise.resolve();
    },
    stop: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
