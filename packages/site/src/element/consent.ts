// What the element may do between viewers: what its page wants, whether the viewer agrees that others see his address (asked once for each
// site), and how sparing his connection asks us to be.
import type { Consent, Notice } from './notice.ts';

const KEY = 'relay-swarm consent';

/** "receive": the viewer has agreed to receive from others, where nothing was passed on to them. */
type Answer = Consent | 'receive';

/** What the viewer has decided on this site; undefined where he was not asked, or nothing can be kept. */
function rememberedAnswer(): Answer | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'share' || value === 'servers' || value === 'receive' ? value : undefined;
  } catch {
    return undefined; // no storage here (a sandbox): asked every time
  }
}

function rememberAnswer(answer: Answer): void {
  try {
    localStorage.setItem(KEY, answer);
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
  #answer: Answer | undefined;

  /**
   * Never asked where nothing is shared, where the page has asked already, or again after an answer, unless that was about receiving only
   * and now things are passed on. Stays open when it is no longer shown.
   */
  async ask(element: Element, show: (notice: Notice) => void): Promise<Consent> {
    const wish = wishedP2p(element);
    if (!element.hasAttribute('consent') || wish === 'off') return 'share';
    const known = this.#answer ?? rememberedAnswer();
    const isEnough = known !== undefined && (known !== 'receive' || wish === 'download-only');
    this.#answer = isEnough ? known : await askViewer(element, show, wish === 'auto');
    return this.#answer === 'receive' ? 'share' : this.#answer;
  }
}

function askViewer(element: Element, show: (notice: Notice) => void, passesOn: boolean): Promise<Answer> {
  return new Promise((resolve) => {
    show({
      kind: 'consent',
      hasServer: hasServer(element),
      passesOn,
      decide: (consent, isRemembered) => {
        const answer = consent === 'share' && !passesOn ? 'receive' : consent;
        if (isRemembered) rememberAnswer(answer);
        show({ kind: 'none' });
        resolve(answer);
      },
    });
  });
}

/** Whether there is another way to watch than from other viewers. */
function hasServer(element: Element): boolean {
  return /[?&](ws|xs)=|^https?:/i.test(element.getAttribute('src') ?? '') || element.hasAttribute('webseed');
}
