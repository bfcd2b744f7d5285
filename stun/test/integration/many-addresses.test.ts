// A server with several addresses, asked from another machine under each of them: the answer has to come from the address that
// was asked, or no client takes it. Two network namespaces, the program with its defaults, coturn's clients.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from '../../../test/support/compile.ts';
import { findTool, requireFound } from '../../../test/support/tools.ts';

const ADDRESSES = ['10.77.0.1', '10.77.0.2', '10.77.1.3', 'fd77::1', 'fd77::2', '10.77.0.9'];

/** Root may make namespaces; elsewhere the kernel may let users. */
function namespaces(): string | undefined {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--net', 'true'], { stdio: 'ignore' });
    return 'unshare';
  } catch {
    return undefined;
  }
}

const needed = {
  'network namespaces': namespaces(),
  ip: findTool('ip', '/usr/sbin/ip'),
  turnutils_uclient: findTool('turnutils_uclient'),
  turnutils_stunclient: findTool('turnutils_stunclient'),
};

requireFound(needed)('a server with several addresses', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stun-addresses-'));
    const script = join(import.meta.dirname, '../support/many-addresses.sh');
    const args = ['--user', '--map-root-user', '--net', script, await programOf('stun/src/main.ts'), folder];
    await new Promise<void>((resolve, reject) => {
      execFile('unshare', [...args, ...ADDRESSES], { timeout: 120_000 }, (error, _stdout, stderr) =>
        error ? reject(new Error(`${error.message}${stderr}`)) : resolve(),
      );
    });
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true }));

  it.each(ADDRESSES)('answers under %s, one that came later included', async (address) => {
    const output = await readFile(join(folder, `${address}.stun`), 'utf8');
    const reflexive = address.includes(':') ? 'fd77::100' : '10.77.0.100';
    expect(output).toContain(`UDP reflexive addr: ${reflexive}:`);
  });

  it.each(ADDRESSES)('relays for clients that use %s', async (address) => {
    const output = await readFile(join(folder, `${address}.turn`), 'utf8');
    expect(output).toContain('tot_send_msgs=10, tot_recv_msgs=10');
  });
});
