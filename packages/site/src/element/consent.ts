// Whether the viewer agrees that other viewers see his address, asked once for each site, and how sparing his connection asks us to be.

const KEY = 'relay-swarm consent';

export type Consent = 'share' | 'servers';

/** What the viewer has decided on this site; undefined where he was not asked, or nothing can be kept. */
export function rememberedConsent(): Consent | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'share' || value === 'servers' ? value : undefined;
  } catch {
    return undefined; // no storage here (a sandbox): asked every time
  }
}

export function rememberConsent(consent: Consent): void {
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
