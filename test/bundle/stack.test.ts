// docker/stack.jq: what it makes of the compose files is taken by `docker stack`, and has what containers need there. Deployed by hand: docs/swarm.md.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeWith } from '../support/bundle.ts';
import { root } from '../support/repository.ts';
import { requireTool } from '../support/tools.ts';

interface Stack {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly read_only?: boolean;
        readonly ports?: readonly { mode: string }[];
        readonly volumes?: readonly { type: string; target: string }[];
        readonly deploy: { endpoint_mode: string; placement?: { constraints: readonly string[] } };
      }
    >
  >;
}

requireTool('jq')('the stack for Docker Swarm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is taken, and every container has somewhere to write and is where its volume is', () => {
    const env = {
      ...process.env,
      COMPOSE_FILE: 'docker-compose.yml:docker-compose.cluster.yml',
      COMPOSE_ENV_FILES: '/dev/null',
      CLUSTER_TOKEN: 'c0ffee'.repeat(11),
    };
    const text = execFileSync('jq', ['--from-file', join(root, 'docker/stack.jq')], {
      input: composeWith(env, 'config', '--format', 'json'),
      encoding: 'utf8',
    });
    const file = join(folder, 'stack.json');
    writeFileSync(file, text);
    execFileSync('docker', ['stack', 'config', '--compose-file', file], { stdio: 'pipe' });
    const { services } = JSON.parse(text) as Stack;
    expect(Object.keys(services).sort()).toEqual([
      'nats',
      'nginx',
      'peerjs',
      'peerjs-node',
      'tracker',
      'tracker-node',
    ]);
    for (const { read_only, volumes = [], ports = [], deploy } of Object.values(services)) {
      expect(read_only).toBe(true);
      expect(volumes).toContainEqual(expect.objectContaining({ type: 'tmpfs', target: '/tmp' }));
      expect(ports.map(({ mode }) => mode)).toEqual(ports.map(() => 'host'));
      expect(deploy.endpoint_mode).toBe('dnsrr');
      const isShared = volumes.some(({ type }) => type === 'volume');
      expect(deploy.placement?.constraints).toEqual(
        isShared ? ['node.labels.relay-swarm == first'] : undefined,
      );
    }
  });
});
