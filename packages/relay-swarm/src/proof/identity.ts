// The relay's Ed25519 key, which is its name: created at the first start, private to the tracker (IDENTITY_DIR).
import { SettingsError } from '@relay-swarm/kit';
import { verifyEd25519 } from '@relay-swarm/net';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Identity {
  /** The raw public key in hex. */
  readonly id: string;
  /** Ed25519 over the text's UTF-8, in hex. */
  sign(text: string): string;
}

/** Says whether the relay with this id signed the text. */
export type Verify = (id: string, text: string, signature: string) => boolean;

export const KEY_FILE = 'relay-key.pem';
/** A public key in DER is this and the 32 raw bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function identityOf(key: KeyObject): Identity {
  const id = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  return {
    id: id.toString('hex'),
    sign: (text) => sign(null, Buffer.from(text), key).toString('hex'),
  };
}

export const createIdentity = (): Identity => identityOf(generateKeyPairSync('ed25519').privateKey);

/** The identity in this folder; where there is none yet, a new one. */
export async function loadIdentity(dir: string): Promise<Identity> {
  const file = join(dir, KEY_FILE);
  const pem = await keepKey(dir, file).catch((error: unknown) => {
    const found = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new SettingsError(
      `Cannot keep the relay's key in ${dir}: found ${found}, wanted a folder that this service may write to. Set IDENTITY_DIR to one`,
    );
  });
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}`);
    return identityOf(key);
  } catch (error) {
    throw new SettingsError(
      `Cannot use the relay's key in ${file}: found ${(error as Error).message}, wanted an Ed25519 private key in PEM. Restore it from a backup, or move it away to get a new identity`,
    );
  }
}

async function keepKey(dir: string, file: string): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return (await readKey(file)) ?? (await writeNewKey(file));
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const pem = await readFile(file, 'utf8');
    await chmod(file, 0o600); // a backup that was copied back may have become readable for others
    return pem;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes beside the file and links it into place: never half a key, and never over one that another start has just made. */
async function writeNewKey(file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, pem, { mode: 0o600 });
  try {
    await link(temporary, file);
    return pem;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return await readFile(file, 'utf8');
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

export const verifySignature: Verify = (id, text, signature) =>
  verifyEd25519(Buffer.from(id, 'hex'), text, Buffer.from(signature, 'hex'));
