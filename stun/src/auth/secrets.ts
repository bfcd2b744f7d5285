// Where the secret behind all credentials comes from: the environment, a file, or (local runs) made at first start and kept.
import { SettingsError } from '@relay-swarm/kit';
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const SECRET_CHARS_MIN = 32;
export const SECRET_FILE_NAME = 'turn-secret';
const GENERATED_BYTES = 32;
/** A file larger than this is something else. */
const FILE_CHARS_MAX = 1024;

export interface SecretSources {
  readonly secret: string | undefined;
  readonly secretFile: string | undefined;
  readonly secretPrevious: string | undefined;
  readonly secretPreviousFile: string | undefined;
  /** The file of a secret that was made here. */
  readonly secretDir: string;
  /** False when deployed: there a missing secret is the operator's mistake. */
  readonly secretGenerate: boolean;
}

export interface Secrets {
  /** The one that new credentials are made with comes first; the previous one is still accepted. */
  readonly all: readonly [string, ...string[]];
  /** For the log: a sentence about the source, never the secret. */
  readonly source: string;
}

export async function loadSecrets(sources: SecretSources): Promise<Secrets> {
  const { secret, source } = await loadCurrent(sources);
  const previous =
    sources.secretPrevious ??
    (sources.secretPreviousFile === undefined
      ? undefined
      : await readSecretFile('STUN_SECRET_PREVIOUS_FILE', sources.secretPreviousFile));
  return { all: previous === undefined || previous === secret ? [secret] : [secret, previous], source };
}

async function loadCurrent(sources: SecretSources): Promise<{ secret: string; source: string }> {
  if (sources.secret !== undefined) return { secret: sources.secret, source: 'STUN_SECRET' };
  if (sources.secretFile !== undefined) {
    return {
      secret: await readSecretFile('STUN_SECRET_FILE', sources.secretFile),
      source: 'STUN_SECRET_FILE',
    };
  }
  if (!sources.secretGenerate) {
    throw new SettingsError(
      'STUN_SECRET is not set: a relay on the internet needs a secret of its own. Run scripts/setup, which makes one and writes it to .env',
    );
  }
  const file = join(sources.secretDir, SECRET_FILE_NAME);
  const kept = await readSecretFile('STUN_SECRET_DIR', file, 'where there is none');
  if (kept !== undefined) return { secret: kept, source: `kept in ${file}` };
  await keepNewSecret(file, sources.secretDir);
  // Read back: where two services start at once, both use the secret of the first.
  return {
    secret: await readSecretFile('STUN_SECRET_DIR', file),
    source: `made at first start, kept in ${file}`,
  };
}

/** Puts a new secret in place whole or not at all, and never over one that is there. */
async function keepNewSecret(file: string, dir: string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(dir), { recursive: true });
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(temporary, `${randomBytes(GENERATED_BYTES).toString('hex')}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    await link(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new SettingsError(
      `Cannot keep a secret in ${dir} (${code ?? String(error)}): STUN_SECRET_DIR must be a folder that this service may write to, or set STUN_SECRET`,
    );
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined); // the folder is not writable: nothing is there to remove
  }
}

async function readSecretFile(setting: string, file: string): Promise<string>;
async function readSecretFile(
  setting: string,
  file: string,
  missing: 'where there is none',
): Promise<string | undefined>;
async function readSecretFile(setting: string, file: string, missing?: string): Promise<string | undefined> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && missing !== undefined) return undefined;
    throw new SettingsError(`Cannot read the secret of ${setting} from ${file}: ${code ?? String(error)}`);
  }
  const secret = content.trim();
  if (content.length > FILE_CHARS_MAX || secret.length < SECRET_CHARS_MIN || !/^[0-9a-f]+$/i.test(secret)) {
    throw new SettingsError(
      `Cannot use the secret of ${setting} in ${file} (${secret.length} characters, not shown): it must be at least ${SECRET_CHARS_MIN} hexadecimal characters`,
    );
  }
  return secret;
}
