// Which address the world is told, and what is said about it.
import { silentLog, type Log } from '@relay-swarm/kit';
import { choosePublicAddress, findPublicAddress, type AddressFacts } from '../src/public-address.ts';

const isPublic = (address: string): boolean =>
  !/^(10\.|192\.168\.|127\.|169\.254\.|::1|fe80|fd)/.test(address);
const choose = (facts: Partial<AddressFacts>) =>
  choosePublicAddress({ given: [], asked: [], own: ['127.0.0.1', '::1'], isPublic, ...facts });

describe('choosePublicAddress()', () => {
  it('believes PUBLIC_IP', () => {
    expect(choose({ given: ['203.0.113.5', '2001:db8::5'], own: ['10.0.0.4'] })).toEqual({
      ipv4: '203.0.113.5',
      ipv6: '2001:db8::5',
      source: 'PUBLIC_IP',
      warnings: [],
    });
  });

  it('finds a public address on an interface', () => {
    expect(choose({ own: ['127.0.0.1', '10.0.0.4', 'fe80::1', '203.0.113.5', '2001:db8::5'] })).toMatchObject(
      {
        ipv4: '203.0.113.5',
        ipv6: '2001:db8::5',
        source: 'interface',
        warnings: [],
      },
    );
  });

  it('takes what the internet sees before what the interfaces have', () => {
    expect(choose({ asked: ['203.0.113.5'], own: ['10.0.0.4', '2001:db8::5'] })).toMatchObject({
      ipv4: '203.0.113.5',
      ipv6: '2001:db8::5',
      source: 'asked',
      warnings: [],
    });
  });

  it.each([
    ['a private one', ['127.0.0.1', '169.254.1.1', '192.168.1.4', 'fd00::1'], '192.168.1.4'],
    ['only itself', ['127.0.0.1', '::1'], '127.0.0.1'],
  ])('hands out %s where there is none, and says so', (_case, own, ipv4) => {
    const found = choose({ own });
    expect(found).toMatchObject({ ipv4, ipv6: undefined });
    expect(found.warnings).toEqual([
      expect.stringMatching(/No public address found.*PUBLIC_IP.*STUN_DETECT_SERVERS/),
    ]);
  });

  it.each([
    ['partly loopback', ['127.0.0.1', '2001:db8::5'], [], [], 'only programs on this machine'],
    ['private', ['10.0.0.4'], [], ['203.0.113.5'], 'is a private address'],
    [
      'not what the internet sees',
      ['203.0.113.5'],
      ['203.0.113.9'],
      [],
      'the internet sees this machine as 203.0.113.9',
    ],
    ['not that of this machine', ['203.0.113.5'], [], ['203.0.113.9'], 'this machine has 203.0.113.9'],
  ])('warns that PUBLIC_IP is %s', (_case, given, asked, own, message) => {
    expect(choose({ given, asked, own }).warnings).toEqual([expect.stringContaining(message)]);
  });

  it.each([[['127.0.0.1']], [['127.0.0.1', '::1']]])(
    'doubts nothing where %s is given: it is meant so',
    (given) => {
      expect(choose({ given, own: ['203.0.113.5'] }).warnings).toEqual([]);
    },
  );

  it('does not compare families', () => {
    expect(choose({ given: ['203.0.113.5'], asked: ['2001:db8::5'], own: ['2001:db8::5'] }).warnings).toEqual(
      [],
    );
  });
});

describe('findPublicAddress()', () => {
  const entries: [level: string, message: string][] = [];
  const log = (['debug', 'info', 'warn', 'error'] as const).reduce<Log>(
    (all, level) => ({ ...all, [level]: (message: string) => entries.push([level, message]) }),
    silentLog,
  );
  const find = async (...publicAddresses: string[]): Promise<typeof entries> => {
    await findPublicAddress({ publicAddresses, detectServers: [] }, ['127.0.0.1', '10.0.0.4'], log);
    return entries.splice(0);
  };

  it('tells as news that only this machine can use a relay on loopback, and warns of what is in doubt', async () => {
    expect(await find('127.0.0.1')).toEqual([
      ['info', 'public address'],
      ['info', 'only this machine can use the relay'],
    ]);
    expect(await find('10.0.0.4')).toEqual([
      ['info', 'public address'],
      ['warn', 'the public address is in doubt'],
    ]);
    expect((await find()).at(-1)).toEqual(['warn', 'the public address is in doubt']);
  });
});
