import { ConsentQuestion, wantsToSave, wishedP2p } from '../src/element/consent.ts';
import type { Notice } from '../src/element/notice.ts';

const element = (p2p: string | null): Element => ({ getAttribute: () => p2p }) as unknown as Element;

const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
beforeEach(() => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
});
afterEach(() => {
  if (own === undefined) Reflect.deleteProperty(globalThis, 'navigator');
  else Object.defineProperty(globalThis, 'navigator', own);
});

describe('wishedP2p()', () => {
  it.each([
    [undefined, false],
    [{}, false],
    [{ saveData: false, type: 'wifi' }, false],
    [{ saveData: true }, true],
    [{ type: 'cellular' }, true],
  ])('with a connection of %j the viewer saves: %j', (connection, isSaving) => {
    Object.defineProperty(globalThis, 'navigator', { value: { connection }, configurable: true });
    expect(wantsToSave()).toBe(isSaving);
    expect(wishedP2p(element(null))).toBe(isSaving ? 'download-only' : 'auto');
    expect(wishedP2p(element('auto'))).toBe(isSaving ? 'download-only' : 'auto');
    expect(wishedP2p(element('off'))).toBe('off');
  });
});

describe('ConsentQuestion', () => {
  const asking = (attributes: Record<string, string>): Element =>
    ({
      getAttribute: (name: string) => attributes[name] ?? null,
      hasAttribute: (name: string) => name in attributes,
    }) as unknown as Element;
  const magnet = `magnet:?xt=urn:btih:${'ab'.repeat(20)}`;

  it.each([
    ['passes on, and has no server', { src: magnet }, { passesOn: true, hasServer: false }],
    ['only receives', { src: magnet, p2p: 'download-only' }, { passesOn: false, hasServer: false }],
    ['has a web seed', { src: `${magnet}&ws=http://x/film` }, { passesOn: true, hasServer: true }],
    ['has one of its page', { src: magnet, webseed: 'http://x' }, { passesOn: true, hasServer: true }],
  ])('says what is true of a player that %s, and takes the answer once', async (_, attributes, facts) => {
    const shown: Notice[] = [];
    const question = new ConsentQuestion();
    const ask = () => question.ask(asking({ consent: '', ...attributes }), (notice) => shown.push(notice));
    const answer = ask();
    expect(shown).toEqual([expect.objectContaining({ kind: 'consent', ...facts })]);
    if (shown[0]?.kind === 'consent') shown[0].decide('servers', false);
    expect([await answer, await ask()]).toEqual(['servers', 'servers']);
    expect(shown.map(({ kind }) => kind)).toEqual(['consent', 'none']);
  });

  it('takes no answer to receiving for one to passing on', async () => {
    const shown: Notice[] = [];
    const question = new ConsentQuestion();
    const ask = (p2p: string): Promise<string> =>
      question.ask(asking({ src: magnet, consent: '', p2p }), (notice) => {
        shown.push(notice);
        if (notice.kind === 'consent') notice.decide('share', true);
      });
    expect([await ask('download-only'), await ask('download-only'), await ask('auto')]).toEqual([
      'share',
      'share',
      'share',
    ]);
    expect(shown.flatMap((one) => (one.kind === 'consent' ? [one.passesOn] : []))).toEqual([false, true]);
    await ask('download-only');
    expect(shown).toHaveLength(4); // who passes on receives as well
  });

  it.each([[{ p2p: 'off', consent: '' }], [{}]])('does not ask where %j stands', async (attributes) => {
    const shown: Notice[] = [];
    const answer = new ConsentQuestion().ask(asking(attributes), (notice) => shown.push(notice));
    expect([await answer, shown]).toEqual(['share', []]);
  });
});
