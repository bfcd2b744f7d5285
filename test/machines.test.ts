// scripts/machines where it is used wrongly, and twice. That its settings make two machines one: bundle/two-machines.test.ts.
import { join } from 'node:path';
import { OperatorFolder } from './support/operator-folder.ts';
import { readRepositoryFile, root } from './support/repository.ts';
import { requireTool } from './support/tools.ts';

requireTool('openssl')('scripts/machines', () => {
  let operator: OperatorFolder;
  beforeEach(() => {
    operator = new OperatorFolder().use('openssl', 'base64').write('.env', 'DOMAIN=relay.test\n');
  });
  afterEach(() => operator.remove());

  it.each([
    [[], 2, /scripts\/machines first ADDRESS/],
    [['first'], 2, /needs an IPv4 address .*: found ""/],
    [['add', 'second.example.org'], 2, /needs an IPv4 address .*: found "second\.example\.org"/],
    [['first', '999.1.1.1'], 2, /needs an IPv4 address .*: found "999\.1\.1\.1"/],
    [['first', '10.0.0.256'], 2, /needs an IPv4 address/],
    [['add', '10.0.0.2'], 1, /This is not the first machine yet/],
  ])('%j: ends with %i and says why', (args, code, words) => {
    const { status, stderr } = operator.script('machines', ...args);
    expect([status, stderr]).toEqual([code, expect.stringMatching(words)]);
  });

  it('wants a bundle that has been set up', () => {
    operator.write('.env', '');
    const { status, stderr } = operator.script('machines', 'first', '10.0.0.1');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/no DOMAIN in \.env yet/)]);
  });

  it.each([
    ['behind-proxy', /docker-compose\.behind-proxy\.yml: .*nginx of each must have the certificate/],
    ['front', /this is a further machine/],
  ])('refuses to make a first machine of one with docker-compose.%s.yml', (file, words) => {
    const env = `DOMAIN=relay.test\nCOMPOSE_FILE=docker-compose.yml:docker-compose.deploy.yml:docker-compose.${file}.yml\n`;
    operator.write('.env', env);
    const { status, stderr } = operator.script('machines', 'first', '10.0.0.1');
    expect([status, stderr]).toEqual([1, expect.stringMatching(words)]);
    expect(operator.read('.env')).toBe(env);
  });

  it("keeps the operator's own compose files, and names each once", () => {
    const own = 'docker-compose.yml:docker-compose.deploy.yml:docker-compose.udp.yml';
    operator.write('.env', `DOMAIN=relay.test\nCOMPOSE_FILE=${own}\n`);
    for (let time = 0; time < 2; time++) {
      operator.script('machines', 'first', '10.0.0.1');
      expect(operator.read('.env').match(/^COMPOSE_FILE=.*$/gm)).toEqual([
        `COMPOSE_FILE=${own}:docker-compose.cluster.yml:docker-compose.routes.yml:docker-compose.fronts.yml`,
      ]);
    }
  });

  it('gives out no settings without a certificate', () => {
    operator.script('machines', 'first', '10.0.0.1');
    const before = operator.read('.env');
    operator.write('.state/machines/authority.key', 'nobody can read this');
    const added = operator.script('machines', 'add', '10.0.0.2');
    expect([added.status, added.stdout]).toEqual([expect.any(Number), '']);
    expect(added.status).not.toBe(0);
    expect(added.stderr).toMatch(/key/); // what openssl says of it
    expect(operator.script('machines', 'first', '10.0.0.1').status).not.toBe(0);
    expect(operator.read('.env')).toBe(before);
  });

  it('gives what root made to the owner of the folder', () => {
    operator.fake('id', 'echo 0').fake('chown', `printf '%s\\n' "$@" >>${operator.folder}/given`);
    for (const args of [
      ['first', '10.0.0.1'],
      ['add', '10.0.0.2'],
    ]) {
      operator.write('given', '').script('machines', ...args);
      for (const file of ['', '/authority.key', '/authority.pem', '/authority.srl'])
        expect(operator.read('given').split('\n')).toContain(`${operator.folder}/.state/machines${file}`);
    }
  });

  it('keeps secrets that are there, and each further machine once', () => {
    operator.script('machines', 'first', '10.0.0.1');
    const secrets = (text: string): string[] =>
      text.match(/^(CLUSTER_TOKEN|CLUSTER_PASSWORD|STUN_SECRET)=[0-9a-f]{64}$/gm)!;
    const before = secrets(operator.read('.env'));
    expect(before).toHaveLength(3);
    operator.script('machines', 'first', '10.0.0.1');
    const printed = operator.script('machines', 'add', '10.0.0.2').stdout;
    operator.script('machines', 'add', '10.0.0.2');
    expect(secrets(operator.read('.env'))).toEqual(before);
    expect([...secrets(printed)].sort()).toEqual([...before].sort());
    expect(operator.read('.env')).toMatch(/^FRONT_ADDRESSES=10\.0\.0\.1,10\.0\.0\.2$/m);
    expect(operator.script('machines', 'add', '10.0.0.1').status).toBe(1);
  });
});

describe('docker/nats.sh', () => {
  let operator: OperatorFolder;
  beforeEach(() => {
    operator = new OperatorFolder().use('base64', 'env').fake('nats-server', 'echo started');
  });
  afterEach(() => operator.remove());

  it.each([
    ['', 0, 'started\n'],
    ['10.0.0.1:6222,10.0.0.3:6222', 0, 'started\n'],
    ['10.0.0.1:6222" ] authorization { }', 1, ''],
  ])('with CLUSTER_ROUTES=%s ends with %i', (routes, code, said) => {
    const settings = {
      NATS_FOLDER: join(operator.folder, 'nats'),
      CLUSTER_TOKEN: 'token',
      CLUSTER_PASSWORD: 'password',
      PRIVATE_ADDRESS: '10.0.0.2',
      CLUSTER_ROUTE_TLS: 'AA==',
      CLUSTER_ROUTES: routes,
    };
    const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const { status, stdout, stderr } = operator.run('env', ...set, 'bash', join(root, 'docker/nats.sh'));
    expect([status, stdout]).toEqual([code, said]);
    if (code !== 0) expect(stderr).toMatch(/CLUSTER_ROUTES .*has other characters/);
  });
});

// Whom the operator believes besides is no reason not to believe the other machines. Compose reads it so in bundle/fronts.test.ts.
describe('docker-compose.fronts.yml', () => {
  it.each(['TRACKER', 'PEERJS'])(
    "adds the other machines to the operator's own %s_TRUSTED_PROXIES",
    (service) => {
      const text = readRepositoryFile('docker-compose.fronts.yml');
      const value = new RegExp(`^ +${service}_TRUSTED_PROXIES: (.*)$`, 'm').exec(text)![1]!;
      expect(value).toMatch(
        new RegExp(
          `^\\$\\{${service}_TRUSTED_PROXIES:-\\$\\{EDGE_SUBNET:-[0-9./]+\\}\\},\\$\\{FRONT_ADDRESSES(:\\?[^{}]*)?\\}$`,
        ),
      );
    },
  );
});
