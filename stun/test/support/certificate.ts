// A certificate for localhost, made with openssl, and what Chromium calls its key.
import { execFile } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export async function makeCertificate(folder: string, name = 'localhost'): Promise<CertificateFiles> {
  const files = { certFile: join(folder, `${name}.cert.pem`), keyFile: join(folder, `${name}.key.pem`) };
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', files.keyFile, '-out', files.certFile],
  ]);
  return files;
}

/** For --ignore-certificate-errors-spki-list: Chromium then trusts this one key, and no other. */
export async function publicKeyHash({ certFile }: CertificateFiles): Promise<string> {
  const key = createPublicKey(await readFile(certFile)).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
