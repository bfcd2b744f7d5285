// What coturn is told: the same settings, the same peers, the same secret, and a sentence for each fault.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SPECIAL_IPV4, SPECIAL_IPV6 } from '@relay-swarm/net/special-networks';
import { createPeerPolicy } from '../src/turn/peer-policy.ts';

const RENDER = join(import.meta.dirname, '../coturn/render.sh');
const secret = 'ab'.repeat(16);
const good = { PUBLIC_IP: '203.0.113.5', STUN_SECRET: secret };

function render(env: Record<string, string>): Promise<{ code: number; lines: string[]; faults: string }> {
  return new Promise((resolve) => {
    execFile(RENDER, { env: { PATH: process.env['PATH'], ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), lines: stdout.split('\n'), faults: stderr });
    });
  });
}

describe('coturn/render.sh', () => {
  it('hands on the settings of the service', async () => {
    const { code, lines, faults } = await render({
      ...good,
      COTURN_PORT: '3480',
      STUN_SECRET_PREVIOUS: 'cd'.repeat(16),
      STUN_REALM: 'example.org',
      STUN_ALLOCATIONS_PER_USER_MAX: '7',
      STUN_BYTES_PER_SECOND_PER_ALLOCATION_MAX: '500',
      STUN_ALLOWED_PEERS: '10.1.0.0/16, 192.168.1.4',
    });
    expect([code, faults]).toEqual([0, '']);
    expect(lines).toEqual(
      expect.arrayContaining([
        'listening-port=3480',
        'external-ip=203.0.113.5',
        'realm=example.org',
        `static-auth-secret=${secret}`,
        `static-auth-secret=${'cd'.repeat(16)}`,
        'user-quota=7',
        'max-bps=500',
        'no-tls',
        'allowed-peer-ip=10.1.0.0-10.1.255.255',
        'allowed-peer-ip=192.168.1.4',
      ]),
    );
  });

  it('forbids the peers that our own engine forbids', async () => {
    const { lines } = await render(good);
    const ranges = lines.flatMap((line) => /^denied-peer-ip=(.+)-(.+)$/.exec(line)?.slice(1) ?? []);
    expect(ranges.length).toBeGreaterThan(40);
    const mayReach = createPeerPolicy({ allowed: [], denied: [] });
    expect(ranges.filter((address) => mayReach(address))).toEqual([]);
    const denied = new BlockList();
    for (let at = 0; at < ranges.length; at += 2) {
      denied.addRange(ranges[at]!, ranges[at + 1]!, ranges[at]!.includes(':') ? 'ipv6' : 'ipv4');
    }
    const ours = [...SPECIAL_IPV4, ...SPECIAL_IPV6].map((network) => network.split('/')[0]!);
    expect(ours.filter((one) => !denied.check(one, one.includes(':') ? 'ipv6' : 'ipv4'))).toEqual([]);
    // One address beyond each range is the public internet again, unless another range begins there.
    expect(
      ['9.255.255.255', '11.0.0.0', '172.32.0.0', '100.128.0.0', '198.20.0.0'].filter(
        (one) => !mayReach(one),
      ),
    ).toEqual([]);
  });

  it('reads the secret that the stun service keeps', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coturn-'));
    await writeFile(join(folder, 'turn-secret'), `${secret}\n`);
    const { lines } = await render({ PUBLIC_IP: '203.0.113.5', STUN_SECRET_DIR: folder });
    expect(lines).toContain(`static-auth-secret=${secret}`);
    await rm(folder, { recursive: true });
  });

  it('tells every fault at once, and never the secret', async () => {
    const { code, lines, faults } = await render({
      COTURN_PORT: 'eighty',
      COTURN_RELAY_PORT_MIN: '62000',
      PUBLIC_IP: '203.0.113.256',
      STUN_SECRET: 'private but short',
      STUN_DENIED_PEERS: 'fd00::/8',
      STUN_TLS_CERT_FILE: '/nowhere.pem',
    });
    expect([code, lines]).toEqual([1, ['']]);
    for (const name of [
      'COTURN_PORT',
      'COTURN_RELAY_PORT_MIN',
      'PUBLIC_IP',
      'STUN_SECRET (17 characters, not shown)',
      'STUN_DENIED_PEERS',
      'STUN_TLS_CERT_FILE',
    ]) {
      expect(faults).toContain(name);
    }
    expect(faults).not.toContain('private');
  });

  it('refuses to start without a secret, and names the script that makes one', async () => {
    const { code, faults } = await render({ PUBLIC_IP: '203.0.113.5', STUN_SECRET_DIR: '/nowhere' });
    expect(code).toBe(1);
    expect(faults).toContain('scripts/setup');
  });
});
