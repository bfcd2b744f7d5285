// aioice (the ICE of aiortc), a client that nobody here has written: relayed messages come back over UDP and TCP.
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { requireFound } from '../../../test/support/tools.ts';
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { mintCredential } from '../../src/auth/credential.ts';
import type { TurnEngine } from '../../src/engine.ts';
import { createNativeEngine } from '../../src/native-engine.ts';
import { engineOptions, REALM } from '../contracts/options.ts';

const SCRIPT = join(import.meta.dirname, '../support/aioice-relay.py');
const SECRET = '5ec2e7'.repeat(10);

/** Debian's Python has Debian's python3-aioice; another one may have it from PyPI. */
const python = ['/usr/bin/python3', 'python3'].find((one) => {
  try {
    execFileSync(one, ['-c', 'import aioice'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // no Python, or none with aioice
  }
});

requireFound({ 'python3-aioice': python })('aioice', () => {
  let engine: TurnEngine;

  beforeAll(async () => {
    engine = createNativeEngine(
      engineOptions({
        tcp: [{ host: '127.0.0.1', port: 0 }],
        authenticate: createAuthenticate({ secrets: () => [SECRET], realm: REALM, wallClockMs: Date.now }),
      }),
    );
    await engine.start();
  });
  afterAll(() => engine.stop());

  it.each(['udp', 'tcp'])(
    'relays over %s, and gives its place back',
    async (transport) => {
      const { port } = engine.listening().find((one) => one.transport === transport)!;
      const { username, password } = mintCredential(SECRET, {
        name: 'aioice',
        nowMs: Date.now(),
        ttlSeconds: 3_600,
      });
      const args = [SCRIPT, '127.0.0.1', String(port), username, password, transport, '20'];
      const output = await new Promise<string>((resolve) => {
        execFile(python!, args, { timeout: 50_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
      });
      expect(output).toBe('back: 20\n');
      expect(engine.stats()).toMatchObject({ allocations: 0, drops: { noPermission: 0, noChannel: 0 } });
    },
    60_000,
  );
});
