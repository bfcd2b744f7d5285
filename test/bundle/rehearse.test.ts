// `scripts/rehearse down`, of a rehearsal that had more than this call names: a profile, and a compose file of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/repository.ts';

const project = `relay-swarm-test-rehearse-${process.pid}`;
const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', cwd: root });
const left = (): string[] =>
  [['volume'], ['network'], ['container', '--all']].flatMap(([kind, ...all]) =>
    docker(kind!, 'ls', ...all, '--quiet', '--filter', `label=com.docker.compose.project=${project}`)
      .split('\n')
      .filter((line) => line !== ''),
  );

it('leaves nothing of its compose project', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
  try {
    // Compose makes these as it does for a rehearsal, without an image of ours.
    const also = join(folder, 'also.yml');
    writeFileSync(
      also,
      `services:
  also:
    image: debian:trixie-slim
    command: 'true'
    profiles: [metrics]
    networks: [also]
    volumes: ['prometheus:/prometheus', 'also:/also']
networks: { also: }
volumes: { prometheus: , also: }
`,
    );
    docker('compose', '--project-name', project, '--file', also, '--profile', 'metrics', 'create');
    expect(left()).toHaveLength(4); // a container, a network, two volumes
    execFileSync(join(root, 'scripts/rehearse'), ['down'], {
      env: { ...process.env, COMPOSE_PROJECT_NAME: project, RELAY_SWARM_STATE: folder },
      stdio: 'pipe',
    });
    expect(left()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
