// scripts/update on a clone that belongs to somebody else than the one who calls it. Docker is made up here; real updates and rollbacks:
// bundle/operator.test.ts.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorFolder } from './support/operator-folder.ts';
import { requireTool } from './support/tools.ts';
import { Upstream } from './support/upstream.ts';

const NOBODY = 65_534;

it('scripts/update builds the further parts too that run here', () => {
  const server = new OperatorFolder().use('flock', 'comm', 'git');
  try {
    server.fake('docker', `[[ $* != 'compose build'* ]] || echo "$COMPOSE_PROFILES" >>built`);
    server.write('.env', 'DOMAIN=relay.test\nCOMPOSE_PROFILES=gun,metrics\n');
    server.script('update', '--no-pull');
    expect(readFileSync(join(server.folder, 'built'), 'utf8')).toBe('gun,metrics,tools\n');
  } finally {
    server.remove();
  }
});

requireTool('git', 'runuser')('scripts/update', () => {
  (process.getuid?.() === 0 ? it : it.skip)('called by root leaves the files to their owner', () => {
    const server = new OperatorFolder().use('git', 'runuser', 'flock', 'comm');
    const upstream = new Upstream(server.folder);
    try {
      upstream.publish('.env.example', (text) => `${text}#TRACKER_NEW_THING=1\n`);
      server.fake('docker', '').write('.env', 'DOMAIN=relay.test\n');
      upstream.belongsTo(NOBODY);
      server.run('chown', '-R', `${NOBODY}`, server.folder);

      const { status, stdout, stderr } = server.script('update');
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain('New settings, explained in .env.example: TRACKER_NEW_THING');
      expect(readFileSync(join(server.folder, '.env.example'), 'utf8')).toContain('TRACKER_NEW_THING');
      const owners = ['.env.example', '.git/HEAD', '.git/FETCH_HEAD', '.state/commit-before'].map(
        (file) => statSync(join(server.folder, file)).uid,
      );
      expect(owners).toEqual([NOBODY, NOBODY, NOBODY, NOBODY]);
    } finally {
      server.remove();
      upstream.remove();
    }
  });
});
