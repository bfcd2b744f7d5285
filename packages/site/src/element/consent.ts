// What the element may do between viewers: what its page wants, whether the viewer agrees that others see his address (asked once for each
// site), and how sparing his connection asks us to be.
import type { Consent, Notice } from './notice.ts';

const KEY = 'relay-swarm consent';

/** What the viewer has decided on this site; undefined where he was not asked, or nothing can be kept. */
function rememberedConsent(): Consent | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'share' || value === 'servers' ? value : undefined;
  } catch {
    return undefined; // no storage here (a sandbox): asked every time
  }
}

function rememberConsent(consent: Consent): void {
  try {
    localStorage.setItem(KEY, consent);
  } catch {
    // no storage here: asked again the next time
  }
}

/** Whether to send nothing to others: the browser says that its owner wants to save data, or pays for them by the byte. */
export function wantsToSave(): boolean {
  const { connection } = navigator as Navigator & {
    readonly connection?: { readonly saveData?: boolean; readonly type?: string };
  };
  return connection?.saveData === true || connection?.type === 'cellular';
}

export type P2p = 'auto' | 'off' | 'download-only';

/** What the attribute `p2p` says, or else the viewer's connection. */
export function wishedP2p(element: Element): P2p {
  const wish = element.getAttribute('p2p');
  if (wish === 'off' || wish === 'download-only') return wish;
  return wantsToSave() ? 'download-only' : 'auto';
}

/** The viewer's answer for one element. */
export class ConsentQuestion {
  #answer: Consent | undefined;

  /** Never asked where nothing is shared, where the page has asked already, or again after an answer. Stays open when it is no longer shown. */
  async ask(element: Element, show: (notice: Notice) => void): Promise<Consent> {
    if (!element.hasAttribute('consent') || wishedP2p(element) === 'off') return 'share';
    this.#answer ??= rememberedConsent() ?? (await askViewer(element, show));
    return this.#answer;
  }
}

function askViewer(element: Element, show: (notice: Notice) => void): Promise<Consent> {
  return new Promise((resolve) => {
    show({
      kind: 'consent',
      hasServer: hasServer(element),
      passesOn: wishedP2p(element) === 'auto',
      decide: (consent, isRemembered) => {
        if (isRemembered) rememberConsent(consent);
        show({ kind: 'none' });
        resolve(consent);
      },
    });
  });
}

/** Whether there is another way to watch than from other viewers. */
function hasServer(element: Element): boolean {
  return /[?&](ws|xs)=|^https?:/i.test(element.getAttribute('src') ?? '') || element.hasAttribute('webseed');
}
