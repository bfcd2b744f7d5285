import { createLog } from '@relay-swarm/kit';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '../../src/engine.ts';
import { createTlsReloader } from '../../src/listeners/tls-files.ts';

describe('createTlsReloader()', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'stun-tls-files-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('hands each new certificate over once, and tells each fault once', async () => {
    const paths = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    const write = (cert: string, key: string) =>
      Promise.all([writeFile(paths.certFile, cert), writeFile(paths.keyFile, key)]);
    const loaded: string[] = [];
    const lines: string[] = [];
    const reloadTls = ({ cert, key }: TlsFiles): void => {
      if (cert.slice(-1) !== key.slice(-1)) throw new Error('they do not fit');
      loaded.push(cert);
    };
    const reloader = createTlsReloader(
      { reloadTls },
      {
        paths,
        loaded: { cert: 'cert 1', key: 'key 1' },
        everyMs: 1_000_000,
        log: createLog('stun', 'info', { write: (line: string) => void lines.push(line) }),
      },
    );
    const told = async (): Promise<number> => {
      lines.length = 0;
      await reloader.reload();
      await reloader.reload();
      return lines.length;
    };
    await write('cert 1', 'key 1');
    expect(await told()).toBe(0);
    await write('cert 2', 'key 1');
    expect(await told()).toBe(1);
    await write('cert 2', 'key 2');
    expect(await told()).toBe(1);
    await write('cert 3', 'key 2');
    expect(await told()).toBe(1); // the same fault, and another time
    await rm(paths.keyFile);
    expect(await told()).toBe(1);
    await write('cert 3', 'key 3');
    expect(await told()).toBe(1);
    expect(loaded).toEqual(['cert 2', 'cert 3']);
  });
});
