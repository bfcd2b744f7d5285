import { canonicalJson } from '../src/canonical-json.ts';
import {
  DESCRIPTOR_CHARS_MAX,
  decodeDescriptor,
  descriptorText,
  type SignedDescriptor,
} from '../src/descriptor.ts';
import { ProtocolError } from '../src/fields.ts';
import { healthText, type SignedRelayHealth } from '../src/relay-health.ts';
import {
  decodeRelayMessage,
  encodeRelayMessage,
  KNOWN_MAX,
  proofText,
  RELAY_FRAME_CHARS_MAX,
  type RelayMessage,
} from '../src/relay-message.ts';
import { decodeRoster, type Roster } from '../src/roster.ts';

const id = 'ab'.repeat(32);
const signature = 'cd'.repeat(64);
const nonce = 'ef'.repeat(32);
const descriptor: SignedDescriptor = {
  id,
  swarm: 'relay-swarm/1',
  url: 'wss://tracker.example.org',
  peerjs: 'https://peerjs.example.org/',
  iceServers: 'https://tracker.example.org/ice-servers',
  site: 'https://tracker.example.org/',
  services: { gun: 'https://gun.example.org/gun' },
  software: 'relay-swarm/0.1.0',
  issuedAt: 1_700_000_000_000,
  expiresAt: 1_700_086_400_000,
  signature,
};
const health: SignedRelayHealth = {
  id,
  sequence: 7,
  sampledAt: 1_700_000_000_000,
  state: 'busy',
  load: 0.8,
  cpu: 0.5,
  memory: 0.25,
  receivedBytesPerSecond: 1000,
  sentBytesPerSecond: 2000,
  peers: 30,
  connections: 40,
  allocations: 5,
  missing: ['stun'],
  signature,
};
const messages: RelayMessage[] = [
  { action: 'hello', id, nonce, swarm: 'relay-swarm/1', url: 'wss://tracker.example.org' },
  { action: 'challenge', id, nonce, signature },
  { action: 'proof', signature },
  { action: 'descriptor', descriptor },
  { action: 'status', health },
  { action: 'ask', known: ['0123456789abcdef'] },
  { action: 'known', descriptors: [descriptor, { ...descriptor, id: '00'.repeat(32) }] },
];

/** Every field of the message, nested ones too, with a way to change it. */
function* eachField(value: object): Generator<{ name: string; path: (string | number)[] }> {
  for (const [name, inner] of Object.entries(value)) {
    yield { name, path: [name] };
    if (typeof inner === 'object' && inner !== null) {
      for (const field of eachField(inner as object))
        yield { name: `${name}.${field.name}`, path: [name, ...field.path] };
    }
  }
}
function change(
  message: object,
  path: (string | number)[],
  to: (parent: Record<string, unknown>, name: string) => void,
): string {
  const copy = structuredClone(message) as Record<string, unknown>;
  let parent = copy;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string, unknown>;
  to(parent, String(path.at(-1)));
  return JSON.stringify(copy);
}
function without<T extends object, K extends keyof T>(object: T, ...names: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name as K))) as Omit<
    T,
    K
  >;
}
/** What stands in a list of many strangers' words: there a bad one is left out, see "of many". */
const OF_MANY = /^(descriptors|relays)\.\d/;
const OPTIONAL = /(peerjs|iceServers|site|services\.gun|descriptors\.1|descriptors\.0|missing\.0|known\.0)$/;

describe.each(messages.map((message) => [message.action, message] as const))(
  'decodeRelayMessage(): %s',
  (_action, message) => {
    it('gives back what encodeRelayMessage() wrote', () => {
      expect(decodeRelayMessage(encodeRelayMessage(message))).toEqual(message);
    });

    it('drops fields that nobody named', () => {
      expect(decodeRelayMessage(JSON.stringify({ ...message, send: 'mine', constructor: 1 }))).toEqual(
        message,
      );
      const planted = `{"__proto__":{"isAdmin":true},${encodeRelayMessage(message).slice(1)}`;
      const read = decodeRelayMessage(planted);
      expect(read).toEqual(message);
      expect('isAdmin' in read).toBe(false);
    });

    it.each([...eachField(message)].filter(({ name }) => !OPTIONAL.test(name) && !OF_MANY.test(name)))(
      'cannot do without $name',
      ({ path }) => {
        const text = change(message, path, (parent, name) => Reflect.deleteProperty(parent, name));
        expect(() => decodeRelayMessage(text)).toThrow(ProtocolError);
      },
    );

    it.each([...eachField(message)].filter(({ name }) => !OF_MANY.test(name)))(
      'refuses the wrong type for $name',
      ({ path }) => {
        const wrongs = [null, true, [[]], { a: 1 }, -1, '', 'x'.repeat(5000)];
        for (const wrong of wrongs.filter((one) => path.join() !== 'descriptors' || !Array.isArray(one))) {
          const text = change(message, path, (parent, name) => (parent[name] = wrong));
          expect(() => decodeRelayMessage(text)).toThrow(ProtocolError);
        }
      },
    );

    it('refuses it cut off at any character', () => {
      const text = encodeRelayMessage(message);
      for (let chars = 0; chars < text.length; chars++) {
        expect(() => decodeRelayMessage(text.slice(0, chars))).toThrow(ProtocolError);
      }
    });
  },
);

describe('decodeRelayMessage()', () => {
  it.each(['constructor', '__proto__', 'toString', 'hello ', '', 'HELLO'])('knows no action %s', (action) => {
    expect(() => decodeRelayMessage(JSON.stringify({ action }))).toThrow(ProtocolError);
  });

  it('refuses a frame that is one character too long, unread', () => {
    const text = encodeRelayMessage({ action: 'ask', known: [] });
    expect(decodeRelayMessage(text + ' '.repeat(RELAY_FRAME_CHARS_MAX - text.length))).toEqual({
      action: 'ask',
      known: [],
    });
    expect(() => decodeRelayMessage(text + ' '.repeat(RELAY_FRAME_CHARS_MAX - text.length + 1))).toThrow(
      /the most is/,
    );
  });

  it.each([...eachField(descriptor)].filter(({ name }) => !OPTIONAL.test(name)))(
    'of many descriptors leaves out the one without $name, and keeps the others',
    ({ path }) => {
      const bad: unknown = JSON.parse(
        change(descriptor, path, (parent, name) => Reflect.deleteProperty(parent, name)),
      );
      for (const one of [bad, null, 1, 'x', [], {}]) {
        const text = JSON.stringify({ action: 'known', descriptors: [one, descriptor] });
        expect(decodeRelayMessage(text)).toEqual({ action: 'known', descriptors: [descriptor] });
      }
    },
  );

  it('refuses one descriptor too many', () => {
    const known = (count: number): string =>
      encodeRelayMessage({ action: 'known', descriptors: Array.from({ length: count }, () => descriptor) });
    expect(decodeRelayMessage(known(KNOWN_MAX))).toMatchObject({ action: 'known' });
    expect(() => decodeRelayMessage(known(KNOWN_MAX + 1))).toThrow(`a list of at most ${KNOWN_MAX}`);
  });

  it('has room in a frame for as many descriptors as a message may hold', () => {
    const long = `https://${'x'.repeat(240)}.example/`; // not a host name, but as long as a URL may be
    const services = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`service-${i}`, long]));
    const full = { ...descriptor, peerjs: long, iceServers: long, site: long, services };
    expect(
      encodeRelayMessage({ action: 'known', descriptors: Array.from({ length: KNOWN_MAX }, () => full) })
        .length,
    ).toBeLessThan(RELAY_FRAME_CHARS_MAX);
  });
});

describe('decodeDescriptor()', () => {
  it('reads what a relay serves, and takes the slash from the end of its URL', () => {
    expect(decodeDescriptor(JSON.stringify(descriptor))).toEqual(descriptor);
    expect(decodeDescriptor(JSON.stringify({ ...descriptor, url: `${descriptor.url}/` })).url).toBe(
      descriptor.url,
    );
  });
  it('reads one that offers nothing but a tracker', () => {
    const bare = without({ ...descriptor, services: {} }, 'peerjs', 'iceServers', 'site');
    expect(decodeDescriptor(JSON.stringify(bare))).toEqual(bare);
  });
  it('refuses one that is too long', () => {
    const text = JSON.stringify(descriptor);
    expect(() => decodeDescriptor(text + ' '.repeat(DESCRIPTOR_CHARS_MAX))).toThrow(ProtocolError);
  });
  it.each([
    ['a script as URL', { url: 'javascript:alert(1)' }],
    ['a web page as URL', { url: 'https://tracker.example.org' }],
    ['a query in the URL', { url: 'wss://tracker.example.org/?a=' }],
    ['a script as site', { site: 'javascript:alert(1)' }],
    ['a service with a bad name', { services: { Gun: 'https://gun.example.org/' } }],
    [
      'seventeen services',
      { services: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`s${i}`, 'https://a.example/'])) },
    ],
    ['an id in upper case', { id: id.toUpperCase() }],
    ['a time that no calendar has', { expiresAt: 8_640_000_000_000_001 }],
  ])('refuses %s', (_what, field) => {
    expect(() => decodeDescriptor(JSON.stringify({ ...descriptor, ...field }))).toThrow(ProtocolError);
  });
});

describe('what is signed', () => {
  it('is the same text whatever the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(descriptor).reverse()) as unknown as SignedDescriptor;
    expect(descriptorText(reversed)).toBe(descriptorText(descriptor));
  });
  it('covers every field but the signature', () => {
    for (const [name, value] of Object.entries(descriptor)) {
      const other = {
        ...descriptor,
        [name]: typeof value === 'number' ? value + 1 : name === 'services' ? {} : `${String(value)}x`,
      };
      expect(descriptorText(other) === descriptorText(descriptor)).toBe(name === 'signature');
    }
    for (const [name, value] of Object.entries(health)) {
      const other = {
        ...health,
        [name]: typeof value === 'number' ? value + 1 : name === 'missing' ? [] : `${String(value)}x`,
      };
      expect(healthText(other) === healthText(health)).toBe(name === 'signature');
    }
  });
  it('tells descriptor, health and the two roles of a proof apart', () => {
    const of = {
      swarm: 's',
      url: 'wss://a',
      diallerId: id,
      acceptorId: id,
      diallerNonce: nonce,
      acceptorNonce: nonce,
    };
    const texts = [
      descriptorText(descriptor),
      healthText(health),
      proofText('dialler', of),
      proofText('acceptor', of),
    ];
    expect(new Set(texts.map((text) => text.split('\n').slice(0, 2).join())).size).toBe(4);
  });
  it('cannot be shifted from one field of a proof into the next', () => {
    const of = {
      swarm: 's',
      url: 'u',
      diallerId: id,
      acceptorId: id,
      diallerNonce: nonce,
      acceptorNonce: nonce,
    };
    expect(proofText('dialler', { ...of, swarm: 's"\n"u' }).split('\n')).toHaveLength(8);
  });
  it('sorts names at every depth, writes no white space, and leaves out what is not there', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 'é"\n' }, null], a: undefined, B: true })).toBe(
      '{"B":true,"b":[{"c":"é\\"\\n","d":1},null]}',
    );
  });
});

describe('decodeRoster()', () => {
  const urls = without(descriptor, 'swarm', 'software', 'issuedAt', 'expiresAt', 'signature');
  const roster: Roster = {
    swarm: 'relay-swarm/1',
    self: id,
    generatedAt: 1_700_000_000_000,
    relays: [{ ...urls, state: 'ok', load: 0.1, peers: 3, ageSeconds: 2 }],
  };
  it('gives back what was written', () => expect(decodeRoster(JSON.stringify(roster))).toEqual(roster));
  it.each([...eachField(roster)].filter(({ name }) => !OF_MANY.test(name)))(
    'cannot do without $name',
    ({ path }) => {
      const text = change(roster, path, (parent, name) => Reflect.deleteProperty(parent, name));
      expect(() => decodeRoster(text)).toThrow(ProtocolError);
    },
  );
  it.each([...eachField(roster.relays[0]!)].filter(({ name }) => !OPTIONAL.test(name)))(
    'of many leaves out the one without $name, and keeps the others',
    ({ path }) => {
      const bad: unknown = JSON.parse(
        change(roster.relays[0]!, path, (parent, name) => Reflect.deleteProperty(parent, name)),
      );
      expect(decodeRoster(JSON.stringify({ ...roster, relays: [bad, roster.relays[0]] }))).toEqual(roster);
    },
  );
  it('refuses 513 relays', () => {
    const many = { ...roster, relays: Array.from({ length: 513 }, () => roster.relays[0]) };
    expect(() => decodeRoster(JSON.stringify(many))).toThrow(/a list of at most 512/);
  });
});
