import { encodeRelayMessage, type RelayMessage } from '@relay-swarm/protocol';
import { createIdentity, verifySignature, type Identity } from '../src/proof/identity.ts';
import {
  CLOSE,
  HANDSHAKE_MS_MAX,
  keepsNewer,
  Session,
  type SessionEffect,
  type SessionOptions,
} from '../src/sessions/session.ts';

const alice = createIdentity();
const bob = createIdentity();
const mallory = createIdentity();
const BOB_URL = 'wss://bob.example';
let nonces = 0;

function create(self: Identity, changes: Partial<SessionOptions> = {}): Session {
  return new Session({
    self,
    swarm: 'test',
    ownUrl: self === bob ? BOB_URL : 'wss://other.example',
    verify: verifySignature,
    nonce: (++nonces).toString(16).padStart(64, '0'),
    nowMs: 0,
    pingMs: 5_000,
    pongMsMax: 3_000,
    silenceMsMax: 20_000,
    ...changes,
  });
}
const dialBob = (self: Identity, changes: Partial<SessionOptions> = {}): Session =>
  create(self, { dialled: { id: bob.id, url: BOB_URL }, ...changes });

const texts = (effects: SessionEffect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'send' ? [effect.text] : []));
const feed = (session: Session, frames: readonly string[]): SessionEffect[] =>
  frames.flatMap((frame) => session.receive(frame, 0));
const kinds = (effects: SessionEffect[]) => effects.map((effect) => effect.do);
const closeOf = (effects: SessionEffect[]) => effects.find((effect) => effect.do === 'close')?.code;

/** A handshake, with every frame that was sent. */
function shake(dialler: Session, acceptor: Session) {
  const hello = texts(dialler.open());
  const answered = feed(acceptor, hello);
  const proved = feed(dialler, texts(answered));
  const checked = feed(acceptor, texts(proved));
  return { hello, challenge: texts(answered), answered, proved, proof: texts(proved), checked };
}

describe('the handshake', () => {
  it('proves both keys, each to the other', () => {
    const dialler = dialBob(alice);
    const acceptor = create(bob);
    const { proved, checked } = shake(dialler, acceptor);
    expect(proved).toContainEqual({ do: 'proven', id: bob.id });
    expect(checked).toEqual([{ do: 'proven', id: alice.id }]);
    expect([dialler.isProven, acceptor.isProven]).toEqual([true, true]);
  });

  it('refuses whoever answers with another key', () => {
    const { proved } = shake(dialBob(alice), create(mallory, { ownUrl: BOB_URL }));
    expect(closeOf(proved)).toBe(CLOSE.wrongKey);
    expect(kinds(proved)).not.toContain('proven');
  });

  it("refuses whoever answers with bob's id and another key", () => {
    const impostor = create({ ...mallory, id: bob.id }, { ownUrl: BOB_URL });
    expect(closeOf(shake(dialBob(alice), impostor).proved)).toBe(CLOSE.wrongKey);
  });

  it("refuses a dialler that has another's id", () => {
    const { checked } = shake(dialBob({ ...mallory, id: alice.id }), create(bob));
    expect(closeOf(checked)).toBe(CLOSE.wrongKey);
    expect(kinds(checked)).not.toContain('proven');
  });

  it('refuses a proof that is replayed', () => {
    const { hello, proof } = shake(dialBob(alice), create(bob));
    expect(closeOf(feed(create(bob), [...hello, ...proof]))).toBe(CLOSE.wrongKey);
  });

  it('refuses a challenge that is replayed', () => {
    const { challenge } = shake(dialBob(alice), create(bob));
    const again = dialBob(alice);
    again.open();
    expect(closeOf(feed(again, challenge))).toBe(CLOSE.wrongKey);
  });

  it("refuses the acceptor's signature when the dialler shows it back", () => {
    const acceptor = create(bob);
    const [challenge] = feed(acceptor, texts(dialBob(alice).open()));
    const { signature } = JSON.parse(challenge?.do === 'send' ? challenge.text : '{}') as {
      signature: string;
    };
    expect(closeOf(feed(acceptor, [encodeRelayMessage({ action: 'proof', signature })]))).toBe(
      CLOSE.wrongKey,
    );
  });

  it('refuses a proof that was made for another URL: nobody can stand in between under his own', () => {
    // Mallory advertises a URL, and passes every frame on to bob
    const throughMallory = create(alice, { dialled: { id: bob.id, url: 'wss://mallory.example' } });
    expect(closeOf(shake(throughMallory, create(bob)).answered)).toBe(CLOSE.wrongKey);
    // and where he puts bob's URL into the hello on the way
    const again = create(alice, { dialled: { id: bob.id, url: 'wss://mallory.example' } });
    const hello = { ...(JSON.parse(texts(again.open())[0]!) as object), url: BOB_URL };
    const challenge = texts(feed(create(bob), [JSON.stringify(hello)]));
    expect(closeOf(feed(again, challenge))).toBe(CLOSE.wrongKey);
  });

  it('refuses another swarm, and itself', () => {
    expect(closeOf(shake(dialBob(alice, { swarm: 'other' }), create(bob)).answered)).toBe(CLOSE.policy);
    expect(closeOf(shake(dialBob(bob), create(bob)).answered)).toBe(CLOSE.self);
  });

  it('is over when it takes too long', () => {
    const acceptor = create(bob);
    expect(acceptor.tick(HANDSHAKE_MS_MAX)).toEqual([]);
    expect(closeOf(acceptor.tick(HANDSHAKE_MS_MAX + 1))).toBe(CLOSE.policy);
  });

  const id = mallory.id;
  const early: RelayMessage[] = [
    { action: 'proof', signature: '00'.repeat(64) },
    { action: 'challenge', id, nonce: '00'.repeat(32), signature: '00'.repeat(64) },
    { action: 'ask', known: [] },
    { action: 'known', descriptors: [] },
  ];
  it.each(early.map((message) => [message.action, message] as const))(
    'takes no %s before its time',
    (_action, message) => {
      expect(closeOf(feed(create(bob), [encodeRelayMessage(message)]))).toBe(CLOSE.policy);
    },
  );

  it('takes no second hello', () => {
    const acceptor = create(bob);
    const hello = texts(dialBob(alice).open());
    expect(closeOf(feed(acceptor, [...hello, ...hello]))).toBe(CLOSE.policy);
  });
});

describe('a proven session', () => {
  const proven = (): Session => {
    const acceptor = create(bob);
    shake(dialBob(alice), acceptor);
    return acceptor;
  };
  const ask = encodeRelayMessage({ action: 'ask', known: [] });

  it('passes news on', () => {
    expect(feed(proven(), [ask])).toEqual([{ do: 'news', news: { action: 'ask', known: [] } }]);
  });

  it.each([
    ['no JSON', 'x'],
    ['an unknown action', '{"action":"constructor"}'],
    ['a list', '[]'],
    ['a frame that is too long', ' '.repeat(65_537)],
    ['a second proof', encodeRelayMessage({ action: 'proof', signature: '00'.repeat(64) })],
  ])('is closed for %s, and hears nothing more', (_what, frame) => {
    const session = proven();
    expect(closeOf(feed(session, [frame]))).toBe(CLOSE.policy);
    expect(feed(session, [ask])).toEqual([]);
  });

  it('gives a reason that fits into a close frame', () => {
    const [effect] = feed(proven(), [JSON.stringify({ action: 'status', health: { id: 'x'.repeat(500) } })]);
    expect(effect?.do === 'close' && Buffer.byteLength(effect.reason)).toBeLessThanOrEqual(123);
  });

  it('is closed for a flood, and not for a busy start', () => {
    const session = proven();
    const effects = Array.from({ length: 100 }, () => session.receive(ask, 1_000)).flat();
    expect(effects.filter((effect) => effect.do === 'news').length).toBeGreaterThan(50);
    expect(effects.filter((effect) => effect.do === 'news').length).toBeLessThan(80);
    expect(closeOf(effects)).toBe(CLOSE.policy);
  });

  it('pings, lives as long as there is an answer, and ends in silence', () => {
    const session = proven();
    expect(session.tick(4_999)).toEqual([]);
    expect(session.tick(5_000)).toEqual([{ do: 'ping' }]);
    session.pong(5_001);
    expect(session.tick(10_000)).toEqual([{ do: 'ping' }]);
    expect(closeOf(session.tick(25_001))).toBeUndefined();
    expect(closeOf(session.tick(25_002))).toBe(CLOSE.silent);
    expect(session.tick(60_000)).toEqual([]);
  });
});

describe('keepsNewer()', () => {
  it('decides alike on both sides, whichever session came first', () => {
    const [low, high] = ['a', 'b'];
    const dialler = { role: 'dialler' } as const;
    const acceptor = { role: 'acceptor' } as const;
    // the session that the lower id dialled is `dialler` on its side and `acceptor` on the other
    expect(keepsNewer(acceptor, dialler, low, high)).toBe(true);
    expect(keepsNewer(dialler, acceptor, low, high)).toBe(false);
    expect(keepsNewer(acceptor, dialler, high, low)).toBe(false);
    expect(keepsNewer(dialler, acceptor, high, low)).toBe(true);
  });
  it('prefers the newer where one side dialled both', () => {
    expect(keepsNewer({ role: 'acceptor' }, { role: 'acceptor' }, 'a', 'b')).toBe(true);
    expect(keepsNewer({ role: 'dialler' }, { role: 'dialler' }, 'b', 'a')).toBe(true);
  });
});
