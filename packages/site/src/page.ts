// What several pages need of their document.

/** The element with this id, which the page's HTML has. */
export function byId(id: string): HTMLElement;
export function byId<T extends HTMLElement>(id: string, type: new () => T): T;
export function byId(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`Cannot find #${id} in this page as ${type.name}`);
  return found;
}

/** Where this page's own tracker answers. */
export const ownTracker = (): string => location.origin.replace(/^http/, 'ws');

/** Buttons with `data-copies="ID"` copy the text of that element, and say so. */
export function wireCopyButtons(within: ParentNode = document): void {
  for (const button of within.querySelectorAll<HTMLButtonElement>('button[data-copies]'))
    button.addEventListener(
      'click',
      () => void copyText(byId(button.dataset['copies'] ?? '').textContent, button),
    );
}

const SAID_MS = 1500;

export async function copyText(text: string, button: HTMLButtonElement): Promise<void> {
  const label = (button.dataset['label'] ??= button.textContent);
  const said = byId('said'); // for whoever does not see the button change
  try {
    await navigator.clipboard.writeText(text.trim());
    said.textContent = button.textContent = 'Copied';
  } catch {
    said.textContent = button.textContent = 'Select and copy by hand'; // the browser did not allow it
  }
  setTimeout(() => {
    said.textContent = '';
    button.textContent = label;
  }, SAID_MS);
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `1.4 MB`: thousands, as file managers show them. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]!}`;
}

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;
export const formatShare = (share: number): string => `${Math.round(share * 100)} %`;
