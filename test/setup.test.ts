// The first command on a new server, as far as it goes without Docker: what it is told wrongly, and what it finds wrong before it starts
// anything. All of it: bundle/operator.test.ts.
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorFolder } from './support/operator-folder.ts';

let server: OperatorFolder;
let file: string;
beforeEach(() => {
  server = new OperatorFolder();
  file = join(server.folder, '.env');
});
afterEach(() => server.remove());

const setting = (name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1];

describe('scripts/setup', () => {
  it.each([
    [[], 'Say your domain: scripts/setup example.org'],
    [['https://relay.test'], '"https://relay.test" is no domain: write its name alone'],
    [['relay.test/path'], '"relay.test/path" is no domain'],
    [['relay.test:443'], '"relay.test:443" is no domain'],
    [['relay .test'], '"relay .test" is no domain'],
    [['relay'], '"relay" is no domain'],
    [['203.0.113.5'], '"203.0.113.5" is no domain'],
    [['2001:db8::5'], '"2001:db8::5" is no domain'],
    [['relay_1.test'], '"relay_1.test" is no domain'],
    [['relay.test', '--email', "o'hara"], '"o\'hara" is no address'],
    [['relay.test', 'other.test'], 'One domain, not two: "relay.test" and "other.test"'],
    [
      ['tracker.relay.test'],
      '"tracker.relay.test" is one of the bundle\'s own names: say the domain alone, relay.test',
    ],
    [[`${'a.'.repeat(122)}test`], 'is no domain'],
  ])('called with %j says why not, and leaves no .env behind', (args, sentence) => {
    const { status, stderr } = server.script('setup', ...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(sentence) as string });
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['setup', '--email'],
    ['setup', '--ca'],
    ['smoke', '--ca'],
    ['update', '--ca'],
  ])('%s %s wants a value', (script, option) => {
    const { status, stderr } = server.script(script, option);
    expect([status, stderr]).toEqual([2, `${option} needs a value behind it: see --help\n`]);
  });

  it('writes .env for its owner alone, and stops at what the checks find', () => {
    const { status, stdout, stderr } = server.script('setup', 'Relay.TEST.', '--email', 'me@relay.test');
    expect([status, stdout, stderr]).toEqual([
      1,
      expect.stringContaining('FAIL  docker: not installed. Install Docker Engine'),
      expect.stringContaining('Mend what is marked FAIL, then run scripts/setup again. Nothing was started'),
    ]);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(['DOMAIN', 'CERT_EMAIL', 'COMPOSE_FILE'].map(setting)).toEqual([
      'relay.test',
      'me@relay.test',
      'docker-compose.yml:docker-compose.deploy.yml',
    ]);
    // stun makes one in a volume of its own, where no `docker inspect` shows it.
    expect(setting('STUN_SECRET')).toBeUndefined();
  });

  // Cron renews as the owner of the files, who must be able to read it.
  (process.getuid?.() === 0 ? it : it.skip)('called by root gives .env to the owner of the files', () => {
    chownSync(server.folder, 65_534, 65_534);
    server.script('setup', 'relay.test');
    expect(statSync(file).uid).toBe(65_534);
  });

  it('run again leaves what is there alone, and adds what is missing', () => {
    server.write('.env', "DOMAIN=relay.test\nSTUN_SECRET='my own $ecret, which is long enough to stay'\n");
    server.script('setup');
    expect(['DOMAIN', 'STUN_SECRET', 'COMPOSE_FILE'].map(setting)).toEqual([
      'relay.test',
      "'my own $ecret, which is long enough to stay'",
      'docker-compose.yml:docker-compose.deploy.yml',
    ]);
  });

  it('stops at a port that is taken, before it starts anything', () => {
    server.fake('docker', '[[ $* != *version* ]] || echo 27.0.0; [[ $* != *up* ]] || echo up >started');
    server
      .fake('ss', "[[ $* != *'sport = :443' ]] || echo LISTEN")
      .fake('ip', 'echo "2: eth0 inet 203.0.113.5/24"');
    server.fake('getent', 'echo "203.0.113.5 STREAM"').fake('curl', 'exit 6');
    const { status, stdout } = server.script('setup', 'relay.test');
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('FAIL  port 443/tcp: another program uses it'),
    ]);
    expect(stdout.match(/^FAIL/gm)).toHaveLength(1);
    expect(existsSync(join(server.folder, 'started'))).toBe(false);
  });
});
