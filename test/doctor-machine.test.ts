// What the doctor says of .env, the machine and the running bundle, each with the outcomes that an operator can meet. Docker is made up,
// ports are real. Addresses and names: doctor.test.ts; several machines: doctor-cluster.test.ts. The whole doctor on a running bundle:
// bundle/operator.test.ts.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { docker } from './support/fake-docker.ts';
import { OperatorFolder } from './support/operator-folder.ts';
import { findTool, requireTool } from './support/tools.ts';

const SECRET = '0123456789abcdef'.repeat(4);
const GOOD = `DOMAIN=relay.test\nCOMPOSE_FILE=docker-compose.yml:docker-compose.deploy.yml\nSTUN_SECRET=${SECRET}\n`;

let server: OperatorFolder;
beforeEach(() => {
  server = new OperatorFolder();
  server.write('.env', GOOD);
});
afterEach(() => server.remove());

describe('.env', () => {
  it('is right', () => {
    expect(server.check('check_env')).toEqual(['OK    .env: DOMAIN=relay.test']);
  });

  it.each([
    ['none', undefined, /^FAIL {2}\.env: there is none\. Run scripts\/setup DOMAIN/],
    [
      'a dollar sign',
      'CERT_EMAIL=me$you@x.test',
      /^FAIL .*line 4: CERT_EMAIL has a dollar sign.*single quotes$/,
    ],
    [
      'a dollar sign in double quotes',
      'CERT_EMAIL="me$you@x.test"',
      /^FAIL .*line 4: CERT_EMAIL has a dollar/,
    ],
    [
      'a quote without end',
      'CERT_EMAIL="me',
      /^FAIL .*line 4: CERT_EMAIL begins with a quote that is not closed/,
    ],
    ['a line that is none', 'CERT EMAIL me', /^FAIL .*line 4: is no setting\. Write NAME=value/],
    ['a misspelt name', 'TRACKER_PROT=8000', /^WARN .*line 4: nobody reads TRACKER_PROT\. Is it misspelt\?/],
    [
      'a domain with a scheme',
      'DOMAIN=https://relay.test',
      /^FAIL .*DOMAIN="https:\/\/relay\.test" is no domain/,
    ],
    ['an address as domain', 'DOMAIN=203.0.113.5', /^FAIL .*DOMAIN="203\.0\.113\.5" is no domain/],
    ['no domain', 'DOMAIN=', /^FAIL .*DOMAIN is not set/],
    ['a domain in capitals', 'DOMAIN=Relay.TEST', /^FAIL .*Write DOMAIN=relay\.test$/],
    ['a domain with a final dot', 'DOMAIN=relay.test.', /^FAIL .*Write DOMAIN=relay\.test$/],
    ['the domain of the examples', 'DOMAIN=example.org', /^FAIL .*stands in the examples only/],
    ['no COMPOSE_FILE', 'COMPOSE_FILE=', /^FAIL .*COMPOSE_FILE is missing/],
    [
      'a short secret',
      'STUN_SECRET=abc',
      /^FAIL .*STUN_SECRET must be 32 characters or more, of 0-9 and a-f\. Make one with/,
    ],
    [
      'a placeholder as secret',
      'STUN_SECRET=change-me-change-me-change-me-change-me',
      /^FAIL .*STUN_SECRET must be 32 characters or more, of 0-9/,
    ],
    ['a short secret of PeerJS', 'PEERJS_AUTH_SECRET=abc', /^FAIL .*PEERJS_AUTH_SECRET must be 32/],
    ['no address', 'PUBLIC_IP=relay.test', /^FAIL .*PUBLIC_IP="relay\.test" is no address/],
    ['a number that is too large', 'PUBLIC_IP=203.0.113.256', /^FAIL .*is no address/],
    ['no address behind one', 'PUBLIC_IP=203.0.113.5,2001:db8', /^FAIL .*PUBLIC_IP="2001:db8" is no address/],
    ['a private address', 'PUBLIC_IP=10.0.0.4', /^WARN .*PUBLIC_IP=10\.0\.0\.4 is a private address/],
  ] as const)('%s', (_case, line, expected) => {
    if (line === undefined) server.run('rm', '.env');
    else server.write('.env', `${GOOD}${line}\n`);
    expect(server.check('check_env')).toContainEqual(expect.stringMatching(expected));
  });

  it.each([
    ["CERT_EMAIL='me$you@x.test'", 'me$you@x.test'],
    ["CERT_EMAIL='me$you' # mine", 'me$you'],
    ['CERT_EMAIL="me and you"', 'me and you'],
    ['CERT_EMAIL=me # mine', 'me'],
    ['CERT_EMAIL=  me  ', 'me'],
    ['CERT_EMAIL=me#you', 'me#you'],
    ['export CERT_EMAIL=me', 'me'],
    ['CERT_EMAIL=me\r', 'me'],
  ])('%j is read as docker compose reads it, and nobody complains', (line, value) => {
    server.write('.env', `${GOOD}${line}\n`);
    expect(server.check('check_env; setting CERT_EMAIL')).toEqual(['OK    .env: DOMAIN=relay.test', value]);
  });

  it('others may read it', () => {
    server.run('chmod', '644', '.env');
    expect(server.check('check_env')).toContainEqual(expect.stringMatching(/^WARN .*Run: chmod 600 \.env$/));
  });
});

requireTool('ss')('ports', () => {
  const listening = { tcp: createServer(), udp: createSocket('udp4') };
  const tcp = (): number => (listening.tcp.address() as AddressInfo).port;
  const udp = (): number => listening.udp.address().port;
  beforeAll(async () => {
    listening.tcp.listen(0, '127.0.0.1');
    await once(listening.tcp, 'listening');
    listening.udp.bind(0, '127.0.0.1');
    await once(listening.udp, 'listening');
  });
  afterAll(() => {
    listening.tcp.close();
    listening.udp.close();
  });

  /** The real program, which sees nothing of this machine's but these ports. */
  const onlyOurs = (): string =>
    `[[ $* == *:${tcp()} || $* == *:${udp()} ]] && exec ${findTool('ss')!} "$@" || exit 0`;

  it.each([
    [
      'STUN over TCP',
      () => `STUN_PORT=${tcp()}`,
      () => `FAIL  port ${tcp()}/tcp: another program uses it, and stun needs it.`,
    ],
    [
      'STUN over UDP',
      () => `STUN_PORT=${udp()}`,
      () => `FAIL  port ${udp()}/udp: another program uses it, and stun needs it.`,
    ],
    [
      'TURN over TLS',
      () => `STUN_TLS_PORT=${tcp()}`,
      () => `FAIL  port ${tcp()}/tcp: another program uses it, and stun needs it.`,
    ],
    [
      'the DHT',
      () => `TRACKER_DHT_PORT=${udp()}`,
      () => `FAIL  port ${udp()}/udp: another program uses it, and tracker needs it.`,
    ],
    [
      'coturn',
      () => `COMPOSE_PROFILES=gun,coturn\nCOTURN_PORT=${tcp()}`,
      () => `FAIL  port ${tcp()}/tcp: another program uses it, and coturn needs it.`,
    ],
  ] as const)('of %s are taken by another program', (_case, line, expected) => {
    server.write('.env', `${GOOD}${line()}\n`).fake('ss', onlyOurs()).fake('docker', '');
    expect(server.check('check_ports')).toEqual([expect.stringContaining(expected())]);
  });

  it.each([80, 443])('%i is taken by another program', (port) => {
    server.fake('docker', '').fake('ss', `[[ $* != *'sport = :${port}' ]] || echo LISTEN`);
    expect(server.check('check_ports')).toEqual([
      `FAIL  port ${port}/tcp: another program uses it, and nginx needs it. Find it with: sudo ss -lnpt 'sport = :${port}'`,
    ]);
  });

  it.each([
    [
      'docker-compose.yml:docker-compose.deploy.yml',
      [/^WARN {2}port 6969\/udp: .* Add :docker-compose\.udp\.yml to COMPOSE_FILE/],
    ],
    ['docker-compose.yml:docker-compose.deploy.yml:docker-compose.udp.yml', []],
  ] as const)('of UDP announces, with %s', (files, expected) => {
    server.write('.env', `${GOOD}TRACKER_UDP_PORT=6969\nCOMPOSE_FILE=${files}\n`).fake('docker', '');
    const lines = server.fake('ss', '').check('check_ports');
    expect(lines).toEqual([
      ...expected.map((line) => expect.stringMatching(line) as string),
      'OK    ports: free, or ours',
    ]);
  });

  it('are ours already', () => {
    server.fake('docker', docker({ 'ps --quiet --status running': 'echo 0123' })).fake('ss', 'echo LISTEN');
    expect(server.check('check_ports')).toEqual(['OK    ports: free, or ours']);
  });

  it('are free, those of parts that are not run included', () => {
    server.write('.env', `${GOOD}COTURN_PORT=${tcp()}\n`).fake('ss', onlyOurs()).fake('docker', '');
    expect(server.check('check_ports')).toEqual(['OK    ports: free, or ours']);
  });
});

describe('the machine', () => {
  const kernel = (values: Readonly<Record<string, number | string>>): void => {
    const all = {
      'sys/net/netfilter/nf_conntrack_max': 262_144,
      'sys/net/netfilter/nf_conntrack_count': 100,
      'sys/net/core/rmem_max': 4_194_304,
      'sys/net/core/wmem_max': 4_194_304,
      '12/comm': 'dockerd',
      '12/limits': 'Max open files            1048576              1048576              files',
      ...values,
    };
    for (const [file, value] of Object.entries(all)) server.write(`proc/${file}`, `${value}\n`);
  };

  it.each([
    ['nothing wrong', {}, []],
    [
      'few connections',
      { 'sys/net/netfilter/nf_conntrack_max': 16_384 },
      [
        /^WARN {2}connections: the kernel follows 16384, and NGINX_CONNECTIONS_MAX=60000 needs 30000\. Run: .*nf_conntrack_max/,
      ],
    ],
    [
      'connections nearly used up',
      { 'sys/net/netfilter/nf_conntrack_count': 250_000 },
      [/^FAIL {2}connections: 250000 of 262144 /],
    ],
    [
      'small buffers',
      { 'sys/net/core/rmem_max': 212_992 },
      [/^WARN {2}UDP: net\.core\.rmem_max is 212992, .*rmem_max = 4194304/],
    ],
    [
      'few open files',
      { '12/limits': 'Max open files   1024   4096   files' },
      [/^FAIL {2}open files: Docker may give 4096 to a container, FILES_MAX is 65536.* FILES_MAX=4096$/],
    ],
  ] as const)('%s', (_case, values, expected) => {
    kernel(values);
    server.fake('df', 'printf "Avail\\n20971520\\n"');
    const lines = server.check('check_system').filter((line) => !line.startsWith('OK '));
    expect(lines).toEqual(expected.map((line) => expect.stringMatching(line) as string));
  });

  it.each([
    [100_000, 'FAIL  disk: 97 MB left. At least 1 GB is needed'],
    [20_971_520, 'OK    disk: 20 GB left'],
  ])('with %i kB of disk', (kilobytes, expected) => {
    kernel({});
    server.fake('df', `printf "Avail\\n${kilobytes}\\n"`);
    expect(server.check('check_system')).toContain(expected);
  });

  it('with ufw', () => {
    server.fake('ufw', 'echo Status: active');
    expect(server.check('check_firewall')).toEqual([
      'WARN  firewall: ufw does not cover ports that Docker publishes, but it does cover stun: it must let in 3478/udp, 3478/tcp, 5349/tcp, 61000:65535/udp, and everything from 10.213.77.0/24',
    ]);
    server.fake('ufw', 'echo Status: inactive');
    expect(server.check('check_firewall')).toEqual([]);
  });
});

describe('containers', () => {
  const found = (status: string, running = 'sha256:1', tagged = 'sha256:1'): string =>
    docker({
      'config --services': 'printf "nginx\\ngun\\n"',
      'ps --quiet': '[[ $* != *nginx ]] || echo 0123',
      'State.Health': `[[ $* != *' 0123' ]] || echo '${status}'`,
      'Config.Image': 'echo relay-swarm/nginx:local',
      '{{.Image}} 0123': `echo ${running}`,
      'image inspect': `echo ${tagged}`,
    });

  it.each([
    ['healthy', found('healthy, 0'), ['OK    nginx: healthy']],
    [
      'restarted',
      found('healthy, 3'),
      ['WARN  nginx: healthy, but it was restarted 3 times. Look at: docker compose logs nginx'],
    ],
    ['unhealthy', found('unhealthy, 0'), ['FAIL  nginx: unhealthy. Look at: docker compose logs nginx']],
    ['starting', found('starting, 0'), ['WARN  nginx: starting. Ask again in half a minute']],
    ['not there', found(''), ['FAIL  nginx: not running. Run: docker compose up --detach --wait']],
    [
      'older than its image',
      found('healthy, 0', 'sha256:1', 'sha256:2'),
      [
        'OK    nginx: healthy',
        'WARN  nginx: a newer image is built and not yet up. Run: docker compose up --detach --wait',
      ],
    ],
  ])('%s', (_case, answers, expected) => {
    server.fake('docker', answers);
    const lines = server.check('check_containers');
    expect(lines.filter((line) => line.includes(' nginx: '))).toEqual(expected);
    // Whatever else is part of what is run.
    expect(lines).toContain('FAIL  gun: not running. Run: docker compose up --detach --wait');
  });
});

describe('client addresses', () => {
  /** nginx's log has one line with the question; Docker's gateway is 172.18.0.1. */
  const seen = (address: string, more: Readonly<Record<string, string>> = {}): string =>
    docker({
      ...more,
      'compose run --rm --no-deps -T --entrypoint bash':
        'printf %s "${@: -1}" | sed "s/.*echo \\([^ ]*\\) .*/\\1/" >token',
      'compose run': '',
      'compose logs': `echo '{"address":"${address}","host":"turn.relay.test","path":"/'"$(<token)"'"}'`,
      'ps --quiet': 'echo 0123',
      'Gateway}}': 'printf "172.18.0.1\\n\\n172.19.0.1\\n"',
      'range $name': 'echo swarm_public',
      'network inspect': 'echo false',
      info: 'echo "[name=seccomp,profile=default]"',
      ...more, // what comes first is asked first, and its later value holds
    });

  beforeEach(() => {
    server.write('proc/77/comm', 'docker-proxy\n').fake('curl', 'cat token');
    server.fake('getent', '[[ $1 != ahostsv4 ]] || echo "203.0.113.5 STREAM"');
  });

  it.each([
    ['reach nginx', seen('203.0.113.5'), /^OK {4}client addresses: nothing hides them$/],
    [
      "are Docker's gateway",
      seen('172.18.0.1'),
      /^WARN {2}client addresses: over IPv4 nginx saw Docker's gateway/,
    ],
    [
      'are hidden without root',
      seen('203.0.113.5', { info: 'echo "[name=rootless]"' }),
      /^WARN {2}client addresses: Docker runs without root/,
    ],
  ])('%s', (_case, answers, line) => {
    server.fake('docker', answers);
    const lines = server.check('check_challenge');
    expect(lines.filter((one) => one.startsWith('OK    challenge: answered under'))).toHaveLength(3);
    expect(lines.at(-1)).toMatch(line);
  });

  it("say nothing of the gateway where Docker's own forwarder is off: it hides only this machine", () => {
    server.fake('docker', seen('172.18.0.1')).write('proc/77/comm', 'bash\n');
    expect(server.check('check_challenge').at(-1)).toBe('OK    client addresses: nothing hides them');
  });

  it.each([
    [
      'false',
      /^WARN {2}client addresses: tracker\.relay\.test peerjs\.relay\.test turn\.relay\.test has an AAAA record, and Docker's network has no IPv6/,
    ],
    ['true', /^OK {4}client addresses/],
  ])('over IPv6, where the network has it: %s', (enabled, line) => {
    server.fake('docker', seen('203.0.113.5', { 'network inspect': `echo ${enabled}` }));
    server.fake('getent', '[[ $1 == ahostsv4 ]] && echo "203.0.113.5 STREAM" || echo "2001:db8::5 STREAM"');
    expect(server.check('check_challenge').at(-1)).toMatch(line);
  });

  it('are asked at every address of a name', () => {
    server.fake('docker', seen('203.0.113.5'));
    server.fake('getent', '[[ $1 == ahostsv4 ]] && printf "203.0.113.%s STREAM\\n" 5 6');
    server.fake(
      'curl',
      `[[ $* != *:80:203.0.113.6* ]] || { echo 'curl: (7) refused' >&2; exit 7; }; cat token`,
    );
    const lines = server.check('check_challenge').filter((line) => line.includes(' tracker.relay.test '));
    expect(lines).toEqual([
      'OK    challenge: answered under tracker.relay.test over IPv4 at 203.0.113.5',
      expect.stringMatching(
        /^FAIL {2}challenge: tracker\.relay\.test does not lead to this nginx at 203\.0\.113\.6 /,
      ),
    ]);
  });

  it.each([
    [
      4,
      /^FAIL {2}challenge: tracker\.relay\.test does not lead to this nginx \(\(7\) refused\)\. Check the A record/,
    ],
    [
      6,
      /^FAIL {2}challenge: tracker\.relay\.test does not lead to this nginx over IPv6 .* or remove the AAAA record$/,
    ],
  ])('do not come in over IPv%i', (family, line) => {
    server.fake('docker', seen('203.0.113.5'));
    server.fake('getent', 'echo "$([[ $1 == ahostsv4 ]] && echo 203.0.113.5 || echo 2001:db8::5) STREAM"');
    server.fake('curl', `[ $1 != -${family} ] || { echo 'curl: (7) refused' >&2; exit 7; }; cat token`);
    expect(server.check('check_challenge')).toContainEqual(expect.stringMatching(line));
  });
});

describe('TURN', () => {
  const smoke = (...lines: readonly string[]): string =>
    docker({
      'ps --quiet': 'echo 0123',
      exec: `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}`,
    });
  const TURN = 'OK    turn: turn:turn.relay.test:3478 relays from 203.0.113.5';
  const TURNS = 'OK    turns: turns:turn.relay.test:5349?transport=tcp answers with certificate 0A1B';

  it.each([
    [
      'works',
      [TURN, TURNS],
      'PUBLIC_IP=203.0.113.5',
      [
        'OK    TURN: turn:turn.relay.test:3478 relays from 203.0.113.5',
        'OK    TURN over TLS: turns:turn.relay.test:5349?transport=tcp answers with certificate 0A1B',
        '0A1B',
      ],
    ],
    [
      'hands out another address',
      [TURN, TURNS],
      'PUBLIC_IP=203.0.113.9',
      [
        'FAIL  TURN: relays from 203.0.113.5, and PUBLIC_IP is 203.0.113.9. Run: docker compose up --detach --wait',
        expect.any(String),
        '0A1B',
      ],
    ],
    [
      'is silent',
      ['FAIL  turn: no STUN binding after 10 s', 'FAIL  turns: connect ECONNREFUSED'],
      '',
      [
        expect.stringMatching(
          /^FAIL {2}TURN: no STUN binding after 10 s\. Are 3478\/udp and the relayed ports let in/,
        ),
        expect.stringMatching(/^FAIL {2}TURN over TLS: connect ECONNREFUSED\. Is 5349\/tcp let in\?/),
      ],
    ],
    [
      'offers no TLS',
      [TURN, 'OK    turns: none is offered'],
      '',
      [expect.any(String), 'OK    TURN over TLS: none is offered'],
    ],
    [
      'cannot be used',
      ['no such container'],
      '',
      [expect.stringMatching(/^FAIL {2}TURN: cannot be used.*no such container/)],
    ],
  ])('%s', (_case, lines, env, expected) => {
    server.write('.env', `${GOOD}${env}\n`).fake('docker', smoke(...lines));
    expect(server.check('check_turn; say "$turns_serial"')).toEqual(expected);
  });
});

describe('the certificate', () => {
  const DAY = 86_400;
  const files = (status: string): string =>
    docker({ 'ps --quiet': 'echo 0123', 'certbot status': `echo '${status}'`, s_client: 'echo certificate' });

  it.each([
    [
      'is right',
      `0A1B ${60 * DAY} ${90 * DAY} R13`,
      '0A1B',
      '0A1B',
      [
        'OK    certificate: 0A1B from R13, good for 60 more days',
        'OK    certificate: nginx serves this one',
        'OK    certificate: stun serves this one',
      ],
    ],
    [
      'is for six days',
      `0A1B ${4 * DAY} ${6 * DAY} R13`,
      '0A1B',
      '',
      ['OK    certificate: 0A1B from R13, good for 4 more days', 'OK    certificate: nginx serves this one'],
    ],
    [
      'ends',
      `0A1B ${4 * DAY} ${90 * DAY} R13`,
      '0A1B',
      '',
      ['FAIL  certificate: good for 4 more days. Run: scripts/renew-certs.sh', expect.any(String)],
    ],
    [
      'is for trying out',
      `0A1B ${60 * DAY} ${90 * DAY} (STAGING) Riddling Rhubarb R12`,
      '0A1B',
      '',
      [
        expect.stringMatching(/^WARN {2}certificate: from the staging authority.*CERT_STAGING=false/),
        expect.any(String),
      ],
    ],
    ['is self-signed', 'none', '', '', ['FAIL  certificate: a self-signed one. Run: scripts/renew-certs.sh']],
    [
      'is not the one that nginx serves',
      `0A1B ${60 * DAY} ${90 * DAY} R13`,
      '0FFF',
      '',
      [
        expect.any(String),
        'FAIL  certificate: nginx serves 0FFF, and 0A1B is on disk. Run: scripts/renew-certs.sh',
      ],
    ],
    [
      'is not the one that stun serves',
      `0A1B ${60 * DAY} ${90 * DAY} R13`,
      '0A1B',
      '0FFF',
      [
        expect.any(String),
        expect.any(String),
        'FAIL  certificate: stun serves 0FFF, and 0A1B is on disk. Run: scripts/renew-certs.sh',
      ],
    ],
  ])('%s', (_case, status, nginx, stun, expected) => {
    server.fake('docker', files(status)).fake('openssl', `echo serial=${nginx}`);
    expect(server.check(`turns_serial=${stun}; check_certificate`)).toEqual(expected);
  });

  it.each([
    [
      'nobody',
      undefined,
      undefined,
      0,
      /^WARN {2}renewals: cron does not know of them\. Run: sudo scripts\/install-cron$/,
    ],
    ['cron, and none has run', 'cron', undefined, 0, /^WARN {2}renewals: none has run yet/],
    ['cron', 'cron', '{"exitCode":0}', 3, /^OK {4}renewals: the last run was 3 hours ago$/],
    [
      'a cron that sleeps',
      'cron',
      '{"exitCode":0}',
      60,
      /^FAIL {2}renewals: the last run was 60 hours ago\. Is cron running\?/,
    ],
    [
      'cron, which fails',
      'cron',
      '{"exitCode":20}',
      3,
      /^FAIL {2}renewals: the last run, 3 hours ago, ended with 20/,
    ],
  ])('is renewed by %s', (_case, cron, last, hours, line) => {
    if (cron !== undefined) server.write('cron.d/relay-swarm', cron);
    if (last !== undefined) {
      server.write('.state/renewal.json', last);
      const at = new Date(Date.now() - hours * 3_600_000 - 60_000);
      utimesSync(join(server.folder, '.state/renewal.json'), at, at);
    }
    expect(server.check('CRON_FOLDER=cron.d; check_renewals')).toEqual([expect.stringMatching(line)]);
  });
});

describe('what else stands on this machine', () => {
  const check = (name: string): string[] => server.check(name);

  it("another folder's bundle of the same name", () => {
    server.fake(
      'docker',
      docker({ 'compose config': 'echo "name: relay-swarm"', 'ps --all': 'echo /srv/other' }),
    );
    expect(check('check_project')).toEqual([
      expect.stringMatching(/^FAIL {2}project: the bundle in \/srv\/other has the name relay-swarm too/),
    ]);
    server.fake(
      'docker',
      docker({ 'compose config': 'echo "name: relay-swarm"', 'ps --all': `echo '${server.folder}'` }),
    );
    expect(check('check_project')).toEqual([]);
  });

  it('Docker without root', () => {
    server.fake('docker', docker({ info: 'echo "[name=seccomp name=rootless]"' }));
    expect(check('check_rootless')).toEqual([expect.stringMatching(/^FAIL {2}docker: runs without root/)]);
  });

  it.each([
    ['10.213.77.0/24 dev eth0 scope link', 1],
    ['default via 192.0.2.1 dev eth0', 0],
  ])('a route such as %s: %i complaints about the inner network', (route, complaints) => {
    server.fake(
      'docker',
      docker({ 'compose config': 'echo "name: relay-swarm"', 'network inspect': 'exit 1' }),
    );
    server.fake('ip', `echo '${route}'`);
    const lines = check('check_edge_subnet');
    expect(lines).toHaveLength(complaints);
    for (const line of lines)
      expect(line).toMatch(/^FAIL {2}inner network: 10\.213\.77\.0\/24 is in use here/);
  });

  it.each([
    [512, 0, /^WARN {2}memory: 512 MB\. With less than 1 GB/],
    [1_000, 0, /^WARN {2}memory: 1000 MB, and building the images takes 840 MB/],
    [1_000, 1_000, /^OK {4}memory: 1000 MB/],
  ])('%i MB of memory and %i of swap', (memory, swap, line) => {
    server.write('proc/meminfo', `MemTotal: ${memory * 1024} kB\nSwapTotal: ${swap * 1024} kB\n`);
    expect(check('check_memory')).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    ['', 1_000, /^FAIL {2}disk: 1000 MB left in \/tmp, and building/],
    ['echo image', 1_000, /^WARN {2}disk: 1000 MB left/],
    ['', 9_000, /^OK {4}disk: 8 GB left for Docker/],
  ])('images: "%s", %i MB left', (images, megabytes, line) => {
    server.fake('docker', docker({ info: 'echo /tmp', images: images || 'true' }));
    server.fake('df', `printf "Avail\\n${megabytes * 1024}\\n"`);
    expect(check('check_docker_disk')).toEqual([expect.stringMatching(line)]);
  });

  it('what Node says of a mistake is one line', () => {
    server.fake(
      'docker',
      docker({
        'ps --quiet': 'echo id',
        exec: `printf 'node:internal/x:1\\n  throw\\nError: no way\\n  at a\\n  at b\\n'; exit 1`,
      }),
    );
    expect(check('check_turn')).toEqual([expect.stringMatching(/^FAIL {2}TURN: .*: Error: no way$/)]);
  });
});

describe('behind another proxy', () => {
  it('only what is left is looked at', () => {
    const files = 'docker-compose.yml:docker-compose.deploy.yml:docker-compose.behind-proxy.yml';
    server.write('.env', GOOD.replace('docker-compose.yml:docker-compose.deploy.yml', files));
    expect(server.check('check_env; public_names')).toEqual([
      'OK    .env: DOMAIN=relay.test',
      'turn.relay.test',
    ]);
  });
});
