// The settings' bounds, the rules between them, and that no secret is ever shown.
import { readSettings, withoutSecrets } from '@relay-swarm/kit';
import { checkSettings, settings } from '../src/settings.ts';

const read = (env: Record<string, string>) => readSettings(env, settings, checkSettings);
const secret = 'c0ffee'.repeat(8);

describe('the settings', () => {
  it('need nothing to be set', () => {
    const found = read({});
    expect(found).toMatchObject({
      engine: 'native',
      port: 3478,
      tlsPort: 5349,
      httpPort: 8478,
      origins: [],
      publicAddresses: [],
    });
    expect(found.secret).toBeUndefined();
    expect(found.tlsCertFile).toBeUndefined();
  });

  it('are named like STUN_…, apart from those that the whole bundle shares', () => {
    const names = Object.values(settings).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^STUN_[A-Z_]+$/.test(name))).toEqual(['DATA_DIR', 'PUBLIC_IP']);
  });

  it('reads lists', () => {
    const found = read({
      PUBLIC_IP: '203.0.113.5, 2001:db8::5',
      STUN_ORIGINS: 'https://example.org https://*.example.org',
      STUN_DETECT_SERVERS: 'stun.example.org:19302, [2001:db8::1]:3478, 192.0.2.1',
      STUN_URLS: 'stun:turn.example.org:3478, turns:turn.example.org:443?transport=tcp',
      STUN_ALLOWED_PEERS: '10.0.0.0/8, fd00::/8, 192.168.1.4',
    });
    expect(found.publicAddresses).toEqual(['203.0.113.5', '2001:db8::5']);
    expect(found.detectServers).toEqual([
      { host: 'stun.example.org', port: 19302 },
      { host: '2001:db8::1', port: 3478 },
      { host: '192.0.2.1', port: 3478 },
    ]);
    expect(found.urls).toHaveLength(2);
    expect(found.allowedPeers).toHaveLength(3);
  });

  it.each([
    [
      'an unknown engine',
      { STUN_ENGINE: 'coturn' },
      'STUN_ENGINE="coturn": must be one of native, node-turn',
    ],
    ['a port out of range', { STUN_PORT: '70000' }, 'STUN_PORT="70000"'],
    ['a public name instead of an address', { PUBLIC_IP: 'example.org' }, 'PUBLIC_IP="example.org"'],
    ['a network with too many bits', { STUN_DENIED_PEERS: '10.0.0.0/33' }, 'STUN_DENIED_PEERS'],
    ['a URL of another kind', { STUN_URLS: 'https://example.org' }, 'STUN_URLS'],
    ['an origin with a path', { STUN_ORIGINS: 'https://example.org/page' }, 'STUN_ORIGINS'],
    [
      'a host name with a scheme',
      { STUN_PUBLIC_HOST: 'turn:example.org' },
      'STUN_PUBLIC_HOST="turn:example.org"',
    ],
    ['a life of credentials that is too long', { STUN_CREDENTIAL_TTL_SECONDS: '86401' }, 'from 60 to 86400'],
    [
      'relayed ports the wrong way round',
      { STUN_RELAY_PORT_MIN: '50000', STUN_RELAY_PORT_MAX: '49999' },
      'is above STUN_RELAY_PORT_MAX',
    ],
    ['a listener among the relayed ports', { STUN_PORT: '62000' }, 'lies within the relayed ports'],
    ['two listeners on one port', { STUN_HTTP_PORT: '3478' }, 'three different ports'],
    ['a certificate without its key', { STUN_TLS_CERT_FILE: '/c.pem' }, 'must be set together'],
    [
      'TLS with node-turn',
      { STUN_ENGINE: 'node-turn', STUN_TLS_CERT_FILE: '/c', STUN_TLS_KEY_FILE: '/k' },
      'has no TLS',
    ],
    [
      'a secret given twice',
      { STUN_SECRET: secret, STUN_SECRET_FILE: '/s' },
      'STUN_SECRET and STUN_SECRET_FILE are both set',
    ],
    [
      'two public addresses of one family',
      { PUBLIC_IP: '192.0.2.1,192.0.2.2' },
      'two addresses of one family',
    ],
  ])('refuse %s', (_case, env, message) => {
    expect(() => read(env)).toThrow(message);
  });

  it('tell every fault at once', () => {
    expect(() => read({ STUN_PORT: 'x', STUN_ENGINE: 'y', PUBLIC_IP: 'z' })).toThrow(
      /PUBLIC_IP[\s\S]*STUN_PORT|STUN_ENGINE[\s\S]*STUN_PORT/,
    );
  });

  it('never show a secret, neither a good one nor a bad one', () => {
    const found = read({ STUN_SECRET: secret, STUN_SECRET_PREVIOUS: secret.toUpperCase() });
    const shown = JSON.stringify(withoutSecrets(settings, found)).toLowerCase();
    expect(shown).not.toContain(secret);
    expect(shown).toContain('"stun_secret":"set"');
    expect(() => read({ STUN_SECRET: 'not-hex-but-private' })).toThrow(
      /STUN_SECRET \(19 characters, not shown\)/,
    );
  });
});
