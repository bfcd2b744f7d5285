// The door: what this is, a magnet to paste, and a few numbers.
import { LinkError, readSource } from '../links/magnet.ts';
import { writePageLink } from '../links/page-link.ts';
import { byId, ownTracker, wireCopyButtons } from '../page.ts';
import { readRelays, readStats } from '../status-source.ts';

const source = byId('source', HTMLInputElement);
byId('watch-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const fault = byId('source-fault');
  try {
    readSource(source.value);
    location.href = writePageLink(`${location.origin}/watch`, source.value.trim());
  } catch (error) {
    fault.textContent = error instanceof LinkError ? error.message : String(error);
    source.setAttribute('aria-invalid', 'true');
    source.focus();
  }
});

byId('announce').textContent = ownTracker();
byId('announce-magnet').textContent = `&tr=${encodeURIComponent(ownTracker())}`;
byId('client-url').textContent = `${location.origin}/client.js`;
wireCopyButtons();

const [stats, roster] = await Promise.all([readStats(), readRelays()]);
const numbers: Readonly<Record<string, number | undefined>> = { ...stats, relays: roster?.relays.length };
for (const cell of document.querySelectorAll<HTMLElement>('[data-number]'))
  cell.textContent = numbers[cell.dataset['number'] ?? '']?.toLocaleString('en') ?? 'unknown';
