// Split DNS: in the server's own network the bundle's names lead to its inside address, and the internet is told another. A network namespace
// with a DNS server of its own; ip, getent, curl and the doctor are the real ones, only Docker is made up. The relay's own name: own-addresses.test.ts.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { OperatorFolder } from './support/operator-folder.ts';
import { root } from './support/repository.ts';
import { findTool, requireFound } from './support/tools.ts';

const NAMES = ['tracker.relay.test', 'peerjs.relay.test', 'turn.relay.test'];
const PUBLIC = '203.0.113.5';
const INSIDE = '10.0.0.4';
const UNSHARE = ['--user', '--map-root-user', '--net', '--mount'];

function namespaces(): string | undefined {
  try {
    execFileSync('unshare', [...UNSHARE, 'true'], { stdio: 'ignore' });
    return 'unshare';
  } catch {
    return undefined;
  }
}

const tools = {
  'network namespaces': namespaces(),
  ip: findTool('ip', '/usr/sbin/ip'),
  mount: findTool('mount'),
  curl: findTool('curl'),
};

requireFound(tools)('where the names lead elsewhere inside', () => {
  let server: OperatorFolder;
  beforeEach(() => {
    server = new OperatorFolder();
    server.use('unshare', 'mount', 'curl', 'sleep', 'env');
    server.fake('ip', `exec ${tools.ip} "$@"`).fake('node', `exec '${process.execPath}' "$@"`);
    server.fake('docker', '[[ $* != *--quiet* ]] || echo container');
    server.write('.env', `DOMAIN=relay.test\nPUBLIC_IP=${PUBLIC}\n`);
  });
  afterEach(() => server.remove());

  /** The doctor's lines on the machine, where each of the names leads to one of these. */
  function check(checks: string, leadsTo: readonly string[]): string[] {
    const zone = NAMES.map((name, at) => `${name}=${leadsTo[at % leadsTo.length]}`).join(',');
    const inside = [join(root, 'test/support/split-dns.sh'), server.folder, INSIDE, zone];
    return server.check(checks, ['unshare', ...UNSHARE, ...inside]);
  }

  it('an address of its own is told as such, with what the internet must be told, and setup goes on', () => {
    expect(check('check_public_address; check_names', [INSIDE])).toEqual([
      `OK    public address: PUBLIC_IP=${PUBLIC}, behind NAT`,
      ...NAMES.map(
        (name) =>
          `WARN  DNS: ${name} leads to ${INSIDE}, this server inside of its own network. The internet must be told ${PUBLIC}: look the name up from elsewhere`,
      ),
    ]);
  });

  it('another private address may be a router that leads here, and may be a mistake', () => {
    expect(check('check_names', ['10.0.0.1']).at(-1)).toMatch(
      /^WARN .*leads to 10\.0\.0\.1, a private address that is not on this server\. .* told 203\.0\.113\.5: .*correct the A record$/,
    );
  });

  it('an address of somebody else is a mistake, inside and outside', () => {
    expect(check('check_names', ['198.51.100.1', INSIDE, PUBLIC]).map((line) => line.slice(0, 4))).toEqual([
      'FAIL',
      'WARN',
      'OK  ',
    ]);
  });

  it('the authority’s question is asked and answered inside', () => {
    expect(check('check_challenge', [INSIDE])).toEqual([
      ...NAMES.map((name) => `OK    challenge: answered under ${name} over IPv4`),
      'OK    client addresses: nothing hides them',
    ]);
  });
});
