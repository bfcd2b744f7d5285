import { wantsToSave, wishedP2p } from '../src/element/consent.ts';

const element = (p2p: string | null): Element => ({ getAttribute: () => p2p }) as unknown as Element;

describe('wishedP2p()', () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  afterEach(() => {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', own);
  });

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
