// The home page: what this is, a magnet to paste, and a few numbers.
import { LinkError, readSource } from '../links/magnet.ts';
import { readPageLink, writePageLink } from '../links/page-link.ts';
import { byId, ownTracker, wireCopyButtons } from '../page.ts';
import { readRelays, readStats } from '../status-source.ts';

// webtorrentseeder.com's links name a torrent at its home page: /?magnet=… or /#<info hash>
const here = readPageLink(new URL(location.href));
if (here.source !== undefined) {
  const watch = new URL('/watch', location.origin);
  for (const tracker of here.trackers) watch.searchParams.append('tracker', tracker);
  location.replace(writePageLink(watch, here.source));
}
for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href="/seed"]'))
  link.search = new URLSearchParams(here.trackers.map((tracker) => ['tracker', tracker])).toString();

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
