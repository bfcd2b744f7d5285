// The rehearsal of a deployment, as somebody without a domain makes it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/bundle.mjs';
import { docker } from '../support/bundle.ts';
import { root } from '../support/repository.ts';

describe('scripts/setup --rehearse', () => {
  const project = `relay-swarm-test-rehearsal-${process.pid}`;
  let env: NodeJS.ProcessEnv;
  const run = (...args: readonly string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile(join(root, 'scripts/setup'), args, { env, timeout: 240_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
      );
    });
  beforeAll(async () => {
    env = {
      ...process.env,
      COMPOSE_PROJECT_NAME: project,
      REHEARSAL_PORT: String(await freePort()),
      REHEARSAL_STUN_PORT: String(14_000 + (process.pid % 200) * 25),
      REHEARSAL_NETWORK: `10.${150 + (process.pid % 50)}.${process.pid % 200}`,
      RELAY_SWARM_STATE: join(root, '.state/test-rehearsal'),
      FILES_MAX: '8192',
    };
  });
  afterAll(() => run('--rehearse', 'down'));

  it('brings everything up with TLS and uses it once, and goes without a trace', async () => {
    const { code, output } = await run('--rehearse');
    expect([code, output]).toEqual([0, expect.stringContaining('Away with it: scripts/rehearse down')]);
    for (const part of ['tracker', 'roster', 'peerjs', 'turn', 'turns'])
      expect(output).toMatch(new RegExp(`^OK {4}${part}: `, 'm'));
    expect((await run('--rehearse', 'down')).code).toBe(0);
    const label = `label=com.docker.compose.project=${project}`;
    for (const kind of ['container', 'volume', 'network'])
      expect(
        docker(kind, 'ls', ...(kind === 'container' ? ['--all'] : []), '--quiet', '--filter', label),
      ).toBe('');
  });
});
