// What the doctor says of a cluster, and of the certificate that a further machine took. Docker is made up.
import { docker } from './support/fake-docker.ts';
import { OperatorFolder } from './support/operator-folder.ts';

const GOOD = 'DOMAIN=relay.test\nCOMPOSE_FILE=docker-compose.yml:docker-compose.deploy.yml\n';

let server: OperatorFolder;
beforeEach(() => {
  server = new OperatorFolder();
  server.write('.env', GOOD);
});
afterEach(() => server.remove());

describe('cluster', () => {
  const FILES =
    'docker-compose.yml:docker-compose.deploy.yml:docker-compose.cluster.yml:docker-compose.routes.yml';
  /** What the nodes on this machine say of themselves, and how many routes the nats-server has. */
  const cluster = (
    nodes: readonly { up?: number; nodes?: number; relays?: number; releases?: number }[],
    routes = 1,
  ): string =>
    docker({
      'running nats': 'echo 9999',
      'running tracker tracker-node': `echo ${nodes.map((_, at) => `000${at}`).join(' ')}`,
      ...Object.fromEntries(
        nodes.map((node, at) => [
          `exec 000${at}`,
          `printf '${['up', 'nodes', 'relays', 'releases']
            .map(
              (name) =>
                `tracker_cluster_${name} ${{ up: 1, nodes: 2, relays: 1, releases: 1, ...node }[name]}`,
            )
            .join('\\n')}\\n'`,
        ]),
      ),
      '/routez': `printf '${Array.from({ length: 3 * routes }, (_, at) => `  "remote_id": "N${at % routes}",\\n`).join('')}'`,
    });
  const lines = (answers: string): string[] => server.fake('docker', answers).check('check_cluster');

  beforeEach(() =>
    server.write('.env', `DOMAIN=relay.test\nCOMPOSE_FILE=${FILES}\nCLUSTER_ROUTES=10.0.0.1:6222\n`),
  );

  it('is nothing to speak of where there is none', () => {
    server.write('.env', GOOD);
    expect(lines(cluster([{}]))).toEqual([]);
  });

  it('is whole', () => {
    expect(lines(cluster([{}, {}]))).toEqual([
      'OK    cluster: 2 nodes of tracker, 2 of them on this machine',
      'OK    cluster: one tracker is the relay',
      'OK    cluster: routes to 1 other machines',
    ]);
  });

  it.each([
    ['no nats-server', docker({}), /^FAIL {2}cluster: the nats-server does not run/],
    [
      'a node that does not reach it',
      cluster([{}, { up: 0 }]),
      /^FAIL {2}cluster: tracker 0001 does not reach/,
    ],
    [
      'a node that is not part of it',
      cluster([{}]).replace('tracker_cluster_up 1', ''),
      /^FAIL {2}cluster: tracker 0000 is not part of it/,
    ],
    [
      'nodes that do not agree',
      cluster([{ nodes: 3 }, {}]),
      /^FAIL {2}cluster: .* do not agree.*they see 2 3\./,
    ],
    [
      'nodes that are alone',
      cluster([{ nodes: 1 }, { nodes: 1 }]),
      /^FAIL {2}cluster: 2 nodes .* see only 1\./,
    ],
    ['two builds', cluster([{ releases: 2 }]), /^WARN {2}cluster: the nodes of tracker are of 2 builds\./],
    ['no relay', cluster([{ relays: 0 }]), /^FAIL {2}cluster: no tracker is the relay/],
    ['two relays', cluster([{ relays: 2 }]), /^FAIL {2}cluster: 2 trackers are the relay\./],
    ['no route', cluster([{}], 0), /^FAIL {2}cluster: no route to 10\.0\.0\.1:6222\./],
  ])('has %s', (_case, answers, line) => {
    expect(lines(answers)).toContainEqual(expect.stringMatching(line));
  });

  it('has no further machine yet', () => {
    server.write('.env', `DOMAIN=relay.test\nCOMPOSE_FILE=${FILES}\n`);
    expect(lines(cluster([{}], 0))).toContainEqual(
      expect.stringMatching(/^WARN .*no other machine has a route/),
    );
  });
});

describe('the certificate of a further machine', () => {
  const served = (subject: string, days: number): string =>
    docker({
      'running nginx': 'echo 0123',
      'x509 -noout': `echo "serial=0A1B"; LC_ALL=C date -u -d "${days} days 1 hour" "+notAfter=%b %d %H:%M:%S %Y GMT"; echo "subject=CN = ${subject}"`,
    });

  it.each([
    [
      'was taken',
      served('tracker.relay.test', 60),
      /^OK {4}certificate: 0A1B, of the first machine, good for 60 more/,
    ],
    ['was taken long ago', served('tracker.relay.test', 3), /^FAIL {2}certificate: good for 3 more days/],
    [
      'was never taken',
      served('not a real certificate yet', 3_000),
      /^FAIL {2}certificate: a self-signed one\. Take/,
    ],
    [
      'cannot be read',
      docker({ 'running nginx': 'echo 0123' }),
      /^FAIL {2}certificate: a self-signed one\. Take/,
    ],
  ])('%s', (_case, answers, line) => {
    expect(server.fake('docker', answers).check('check_taken_certificate')).toEqual([
      expect.stringMatching(line),
    ]);
  });
});
