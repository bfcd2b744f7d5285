// What the doctor says of addresses and names, each with the outcomes that an operator can meet. Who would be asked is made up: no Docker, no DNS,
// no internet. The other checks: doctor-machine.test.ts. The whole doctor on a running bundle: bundle/operator.test.ts.
import { OperatorFolder } from './support/operator-folder.ts';

let server: OperatorFolder;
beforeEach(() => {
  server = new OperatorFolder();
  server.write('.env', 'DOMAIN=relay.test\n');
});
afterEach(() => server.remove());

/** An answer of a web server that tells us our address, with its clock. */
const seenAs = (addresses: { 4?: string; 6?: string }, secondsAhead = 0): string => `
  case $1 in -4) address=${addresses[4] ?? ''} ;; -6) address=${addresses[6] ?? ''} ;; esac
  [ -n "$address" ] || exit 7
  printf 'HTTP/2 200\\r\\ndate: %s\\r\\ncontent-type: text/plain\\r\\n\\r\\n%s\\n' \
    "$(LC_ALL=C date -u -d "${-secondsAhead} seconds" '+%a, %d %b %Y %H:%M:%S GMT')" "$address"`;

/** What `ip -o -4 addr` says. */
const interfaces = (...addresses: readonly string[]): string =>
  [...addresses, '172.17.0.1']
    .map((address, at) => {
      const [name, family] = [at === addresses.length ? 'docker0' : 'eth0', address.includes(':') ? 6 : 4];
      return `[ $2 != -${family} ] || echo '${at}: ${name}    inet${family === 6 ? 6 : ''} ${address}/24 scope global ${name}'`;
    })
    .join('\n');

/** DNS, by name and record. Addresses as such are left to the real program. */
const records = (zone: Readonly<Record<string, string>>): string => `
  case "$1 $2" in
    ${Object.entries(zone)
      .map(
        ([question, answer]) => `'${question}') for one in ${answer}; do echo "$one STREAM"; done; exit ;;`,
      )
      .join('\n')}
    *.relay.test) exit 2 ;;
  esac
  exec /usr/bin/getent "$@"`;

describe('public address', () => {
  const cases: [string, { env?: string; own: string[]; seen?: string }, RegExp][] = [
    [
      'on an interface',
      { own: ['203.0.113.5'], seen: '203.0.113.5' },
      /^OK .*203\.0\.113\.5, on an interface/,
    ],
    [
      'on an interface, and told',
      { env: 'PUBLIC_IP=203.0.113.5', own: ['203.0.113.5'] },
      /^OK .*on an interface/,
    ],
    [
      'behind NAT, and told',
      { env: 'PUBLIC_IP=203.0.113.5', own: ['10.0.0.4'], seen: '203.0.113.5' },
      /^OK .*behind NAT$/,
    ],
    [
      'behind NAT, told, and nobody to ask',
      { env: 'PUBLIC_IP=203.0.113.5', own: ['10.0.0.4'] },
      /^OK .*behind NAT$/,
    ],
    [
      'behind NAT, not told',
      { own: ['10.0.0.4'], seen: '203.0.113.5' },
      /^FAIL .*private ones only.* Set PUBLIC_IP=203\.0\.113\.5$/,
    ],
    [
      'behind NAT, not told, nobody to ask',
      { own: ['100.64.0.4'] },
      /^FAIL .*Set PUBLIC_IP=its public address$/,
    ],
    [
      'behind NAT, and stun asks by itself',
      { env: 'STUN_DETECT_SERVERS=stun.test:3478', own: ['10.0.0.4'] },
      /^OK .*STUN_DETECT_SERVERS/,
    ],
    [
      'told wrongly',
      { env: 'PUBLIC_IP=203.0.113.9', own: ['10.0.0.4'], seen: '203.0.113.5' },
      /^WARN .*sees this machine as 203\.0\.113\.5.*set PUBLIC_IP=203\.0\.113\.5$/,
    ],
    [
      'told, and not its own',
      { env: 'PUBLIC_IP=203.0.113.9', own: ['203.0.113.5'] },
      /^WARN .*is not on this machine, which has 203\.0\.113\.5/,
    ],
    [
      'another way out',
      { own: ['203.0.113.5'], seen: '203.0.113.7' },
      /^FAIL .*would hand out 203\.0\.113\.5, but the internet sees this machine as 203\.0\.113\.7/,
    ],
  ];
  it.each(cases)('%s', (_case, { env = '', own, seen }, line) => {
    server.write('.env', `DOMAIN=relay.test\n${env}\n`).fake('ip', interfaces(...own));
    server.fake('curl', seenAs(seen === undefined ? {} : { 4: seen }));
    const lines = server.check('look_from_outside; check_public_address');
    expect(lines.at(-1)).toMatch(line);
  });

  it('nobody outside answers: one line says what was not compared', () => {
    server.fake('curl', 'exit 6').fake('timedatectl', 'echo yes');
    expect(server.check('look_from_outside; check_clock')).toEqual([
      'SKIP  outside: no answer from https://icanhazip.com, https://api64.ipify.org, so public address and clock are compared with nothing but this machine. Without a way out that is as it must be',
    ]);
  });

  it('PUBLIC_IP_SOURCES=none: nobody is asked', () => {
    server.write('.env', 'PUBLIC_IP_SOURCES=none\n').fake('curl', 'echo asked >asked');
    expect(server.check('look_from_outside; [ ! -e asked ] || echo asked')).toEqual([
      expect.stringMatching(/^SKIP {2}outside: nobody is asked/),
    ]);
  });

  it('two sources that differ', () => {
    server.write('.env', 'PUBLIC_IP_SOURCES=https://one.test,https://two.test\n');
    server.fake('curl', '[ $1 = -4 ] || exit 7; [[ $* == *one* ]] && echo 203.0.113.5 || echo 203.0.113.6');
    expect(server.check('look_from_outside')).toEqual([
      expect.stringMatching(
        /^WARN .*https:\/\/two\.test sees this machine as 203\.0\.113\.6, another as 203\.0\.113\.5/,
      ),
    ]);
  });
});

describe('clock', () => {
  it.each([
    [0, /^OK {4}clock: right/],
    [-100, /^WARN {2}clock: \d+ seconds behind/],
    [100, /^WARN {2}clock: \d+ seconds ahead/],
    [4_000, /^FAIL {2}clock: \d+ seconds ahead.*timedatectl set-ntp true/],
  ])('%i seconds ahead of others', (secondsAhead, line) => {
    server.fake('curl', seenAs({ 4: '203.0.113.5' }, secondsAhead)).fake('timedatectl', 'echo yes');
    expect(server.check('look_from_outside; check_clock')).toEqual([expect.stringMatching(line)]);
  });

  it('not synchronised', () => {
    server.fake('timedatectl', 'echo no');
    expect(server.check('check_clock')).toEqual([expect.stringMatching(/^WARN {2}clock: not synchronised/)]);
  });
});

describe('DNS', () => {
  const right = {
    'ahostsv4 tracker.relay.test': '203.0.113.5',
    'ahostsv4 peerjs.relay.test': '203.0.113.5',
    'ahostsv4 turn.relay.test': '203.0.113.5',
  };
  const cases: [string, Record<string, string>, { env?: string; own: string[] }, RegExp][] = [
    [
      'records of several machines, one of them this one',
      { ...right, 'ahostsv4 tracker.relay.test': '203.0.113.5 203.0.113.6' },
      { env: 'COMPOSE_FILE=docker-compose.yml:docker-compose.fronts.yml', own: ['203.0.113.5'] },
      /^OK .*tracker\.relay\.test leads to 203\.0\.113\.5, 203\.0\.113\.6, this server among them$/,
    ],
    [
      'records of two machines where there is one',
      { ...right, 'ahostsv4 tracker.relay.test': '203.0.113.5 203.0.113.6' },
      { own: ['203.0.113.5'] },
      /^FAIL .*tracker\.relay\.test leads to 203\.0\.113\.6, and this server is 203\.0\.113\.5/,
    ],
    [
      'records that lead here',
      {},
      { own: ['203.0.113.5'] },
      /^OK {4}DNS: tracker\.relay\.test leads to 203\.0\.113\.5, this server$/,
    ],
    [
      'a record that leads elsewhere',
      { 'ahostsv4 tracker.relay.test': '198.51.100.1' },
      { own: ['203.0.113.5'] },
      /^FAIL .*leads to 198\.51\.100\.1, and this server is 203\.0\.113\.5\. Correct the A record/,
    ],
    [
      'one of two records that leads elsewhere',
      { 'ahostsv4 tracker.relay.test': '203.0.113.5 198.51.100.1' },
      { own: ['203.0.113.5'] },
      /^FAIL .*leads to 198\.51\.100\.1, /,
    ],
    [
      'a name in /etc/hosts',
      { 'ahostsv4 tracker.relay.test': '127.0.1.1' },
      { own: ['203.0.113.5'] },
      /^WARN .*leads to 127\.0\.1\.1 by this machine's own \/etc\/hosts/,
    ],
    [
      'no record',
      { 'ahostsv4 tracker.relay.test': '' },
      { own: ['203.0.113.5'] },
      /^FAIL .*leads nowhere\. Add an A record/,
    ],
    ['behind NAT', {}, { env: 'PUBLIC_IP=203.0.113.5', own: ['10.0.0.4'] }, /^OK .*this server$/],
    [
      'behind NAT that nobody knows of',
      {},
      { own: ['10.0.0.4'] },
      /^WARN .*Whether that is this server is not known here$/,
    ],
    [
      'an AAAA record that leads here',
      { 'ahostsv6 tracker.relay.test': '2001:db8::5' },
      { own: ['203.0.113.5', '2001:db8::5'] },
      /^OK .*leads to 2001:db8::5, this server$/,
    ],
    [
      'an AAAA record, written another way',
      { 'ahostsv6 tracker.relay.test': '2001:db8::5' },
      { env: 'PUBLIC_IP=203.0.113.5,2001:DB8:0:0::5', own: ['10.0.0.4'] },
      /^OK .*leads to 2001:db8::5, this server$/,
    ],
    [
      'an AAAA record that leads elsewhere',
      { 'ahostsv6 tracker.relay.test': '2001:db8::9' },
      { own: ['203.0.113.5', '2001:db8::5'] },
      /^FAIL .*2001:db8::9, and this server is 2001:db8::5\. Correct the AAAA record/,
    ],
    [
      'an AAAA record for a server without IPv6',
      { 'ahostsv6 tracker.relay.test': '2001:db8::9' },
      { own: ['203.0.113.5', 'fd00::2'] },
      /^FAIL .*no public IPv6 address\. Remove the AAAA record$/,
    ],
  ];
  it.each(cases)('%s', (_case, zone, { env = '', own }, line) => {
    server.write('.env', `DOMAIN=relay.test\n${env}\n`).fake('ip', interfaces(...own));
    server.fake('getent', records({ ...right, ...zone }));
    expect(server.check('check_names').filter((one) => one.includes(' tracker.'))).toContainEqual(
      expect.stringMatching(line),
    );
  });

  it('the name of a further service, too', () => {
    server.write('.env', 'DOMAIN=relay.test\nGUN_NAME=gun.relay.test\n').fake('ip', '');
    server.fake('getent', records(right));
    expect(server.check('check_names')).toContainEqual(
      expect.stringMatching(/^FAIL {2}DNS: gun\.relay\.test/),
    );
  });
});

describe('CAA', () => {
  /** The same zone, as each program tells it. */
  const programs: Record<string, (zone: Record<string, string[]>) => string> = {
    dig: (zone) => `name=\${@: -1}
      case $name in ${Object.entries(zone)
        .map(([name, found]) => `${name}) records=(${found.map((one) => `'${one}'`).join(' ')}) ;;`)
        .join(' ')} *) records=() ;; esac
      [ "\${records[0]:-}" != silent ] || { echo ';; no servers could be reached'; exit 9; }
      [ "\${records[0]:-}" != SERVFAIL ] || { echo ';; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 1'; exit; }
      echo ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1'
      for record in "\${records[@]}"; do printf '%s.\\t300\\tIN\\tCAA\\t%s\\n' "$name" "$record"; done`,
    host: (zone) => `name=\${@: -1}
      case $name in ${Object.entries(zone)
        .map(([name, found]) => `${name}) records=(${found.map((one) => `'${one}'`).join(' ')}) ;;`)
        .join(' ')} *) records=() ;; esac
      [ "\${records[0]:-}" != silent ] || { echo ';; connection timed out; no servers could be reached'; exit 1; }
      [ "\${records[0]:-}" != SERVFAIL ] || { echo "Host $name not found: 2(SERVFAIL)"; exit 1; }
      [ \${#records[@]} -gt 0 ] || echo "$name has no CAA record"
      for record in "\${records[@]}"; do echo "$name has CAA record $record"; done`,
    resolvectl: (zone) => `name=\${@: -1}
      case $name in ${Object.entries(zone)
        .map(([name, found]) => `${name}) records=(${found.map((one) => `'${one}'`).join(' ')}) ;;`)
        .join(' ')} *) records=() ;; esac
      [ "\${records[0]:-}" != silent ] || { echo "$name: resolve call failed: Query timed out" >&2; exit 1; }
      [ "\${records[0]:-}" != SERVFAIL ] || { echo "$name: resolve call failed: Could not resolve '$name', server or network returned error SERVFAIL" >&2; exit 1; }
      [ \${#records[@]} -gt 0 ] || { echo "$name: resolve call failed: Name '$name' does not have any RR of the requested type" >&2; exit 1; }
      for record in "\${records[@]}"; do echo "$name IN CAA $record -- link: eth0"; done`,
  };

  const allowed = /^OK {4}CAA: Let's Encrypt may/;
  const refused = /^FAIL {2}CAA: .*do not let Let's Encrypt.*Add there: 0 issue "letsencrypt\.org"$/;
  const cases: [string, Record<string, string[]>, RegExp][] = [
    ['no records', {}, allowed],
    ['a record for it at a parent', { 'relay.test': ['0 issue "letsencrypt.org"'] }, allowed],
    ['a record for another', { 'relay.test': ['0 issue "other.test"'] }, refused],
    ['records for two', { 'relay.test': ['0 issue "other.test"', '0 issue "letsencrypt.org"'] }, allowed],
    [
      'a nearer record beats its parent',
      { test: ['0 issue "letsencrypt.org"'], 'peerjs.relay.test': ['0 issue "other.test"'] },
      /^FAIL .*records of peerjs\.relay\.test /,
    ],
    ['nobody may', { test: ['0 issue ";"'] }, refused],
    ['a record about complaints alone', { 'relay.test': ['0 iodef "mailto:me@relay.test"'] }, allowed],
    ['wildcards only', { 'relay.test': ['0 issuewild "other.test"'] }, allowed],
    ['only by DNS', { 'relay.test': ['0 issue "letsencrypt.org; validationmethods=dns-01"'] }, refused],
    [
      'by HTTP, too',
      { 'relay.test': ['0 issue "letsencrypt.org; validationmethods=dns-01,http-01"'] },
      allowed,
    ],
    [
      'something critical that nobody knows',
      { 'relay.test': ['0 issue "letsencrypt.org"', '128 future "x"'] },
      refused,
    ],
    [
      'servers that fail',
      { 'relay.test': ['SERVFAIL'] },
      /^FAIL .*DNS servers of relay\.test fail \(SERVFAIL\)/,
    ],
    ['no answer', { 'tracker.relay.test': ['silent'] }, /^SKIP {2}CAA: .*gives no answer$/],
  ];
  it.each(Object.keys(programs).flatMap((program) => cases.map((one) => [program, ...one] as const)))(
    '%s: %s',
    (program, _case, zone, line) => {
      server.fake(program, programs[program]!(zone));
      const lines = server.check('check_caa');
      expect(lines).toContainEqual(expect.stringMatching(line));
      if (line === allowed) expect(lines).toHaveLength(1);
    },
  );

  it('no program to ask with', () => {
    expect(server.check('check_caa')).toEqual([
      expect.stringMatching(/^SKIP .*none of dig, host and resolvectl/),
    ]);
  });

  it('another authority', () => {
    server.write('.env', 'DOMAIN=relay.test\nACME_SERVER=https://ca.test/dir\n');
    expect(server.check('check_caa')).toEqual([expect.stringMatching(/^SKIP .*ACME_SERVER/)]);
  });
});
