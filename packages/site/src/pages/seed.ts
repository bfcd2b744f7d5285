// Sharing files: chosen or dropped, hashed here, and sent from this page to whoever opens the link.
import { embedFrame } from '@relay-swarm/protocol/embed';
import { isShown } from '../element/files.ts';
import { readTracker } from '../links/magnet.ts';
import { writePageLink } from '../links/page-link.ts';
import { byId, copyText, formatBytes, formatRate } from '../page.ts';
import { qrSvg } from '../qr.ts';
import { relaysOf } from '../relays.ts';
import { keepRunning } from '../seed/background.ts';
import { Seeds, type Seed } from '../seed/seeds.ts';
import { wireShareForm } from '../seed/share-form.ts';
import { readRelays } from '../status-source.ts';
import { html, nothing, render, unsafeSVG } from '../view.ts';

const DRAW_MS = 1_000;
keepRunning();
const seeds = new Seeds(relaysOf(location.origin));

const tracker = byId('tracker', HTMLInputElement);
tracker.value = new URLSearchParams(location.search).getAll('tracker').join(', ');
wireShareForm(
  seeds,
  () => ({
    trackers: tracker.value
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(readTracker),
    webSeeds: [],
    isKept: byId('keep', HTMLInputElement).checked,
  }),
  draw,
);

function draw(): void {
  byId('open-note').hidden = seeds.all.length === 0;
  render(seeds.all.map(panel), byId('seeds'));
}

const copies = (text: string) => (event: Event) =>
  void copyText(text, event.currentTarget as HTMLButtonElement);

function panel(seed: Seed) {
  const link = writePageLink(`${location.origin}/watch`, seed.magnet);
  const frame = embedFrame({ url: writePageLink(`${location.origin}/embed`, seed.magnet), title: seed.name });
  const qr = qrSvg(link);
  const stats = seed.shared.stats();
  const { files } = seed.shared.torrent;
  const isToWatch = files.length === 0 || files.some(isShown); // other files have a link all the same, from which they are saved
  const inUse = stats.trackers.filter(({ isConnected }) => isConnected).length;
  return html`<section class="panel" aria-label=${seed.name} data-info-hash=${seed.infoHash}>
    <h2>${seed.name} <span class="quiet">${formatBytes(seed.bytes)}</span></h2>
    <dl class="facts" aria-hidden="true">
      <div>
        <dt>Peers</dt>
        <dd>${stats.peers}</dd>
      </div>
      <div>
        <dt>Passed on</dt>
        <dd>${formatBytes(stats.uploaded)}</dd>
      </div>
      <div>
        <dt>Up</dt>
        <dd>${formatRate(stats.uploadSpeed)}</dd>
      </div>
      <div>
        <dt>Relays</dt>
        <dd>${inUse} of ${stats.trackers.length}</dd>
      </div>
    </dl>
    <div class="share">
      <div class="stack">
        <div>
          <span class="label">${isToWatch ? 'Link to watch' : 'Link'}</span>
          <code class="code link" tabindex="0">${link}</code>
        </div>
        <div class="row deeds">
          <button type="button" class="primary" @click=${copies(link)}>Copy link</button>
          <button type="button" @click=${copies(seed.magnet)}>Copy magnet</button>
          ${isToWatch ? html`<button type="button" @click=${copies(frame)}>Copy embed</button>` : nothing}
          <a class="button" href=${torrentAddress(seed)} download="${seed.name}.torrent">Save .torrent</a>
          <button type="button" @click=${() => void end(seed)}>Stop sharing</button>
        </div>
        <p class="hint">
          ${
            seed.isKept
              ? 'Goes on by itself when you open this page again in this browser.'
              : 'Ends when this page is closed or reloaded.'
          }
        </p>
      </div>
      ${
        qr === undefined
          ? nothing
          : html`<div class="qr" role="img" aria-label="QR code of the link">${unsafeSVG(qr)}</div>`
      }
    </div>
  </section>`;
}

/** Its panel goes, and with it the button that was pressed: the keyboard goes on where the next file is chosen. */
async function end(seed: Seed): Promise<void> {
  await seeds.end(seed);
  draw();
  byId('status').textContent = `"${seed.name}" is no longer shared.`;
  byId('files').focus();
}

const addresses = new Map<string, string>();
function torrentAddress({ infoHash, torrentFile }: Seed): string {
  let address = addresses.get(infoHash);
  if (address === undefined) {
    const blob = new Blob([new Uint8Array(torrentFile)], { type: 'application/x-bittorrent' });
    address = URL.createObjectURL(blob);
    addresses.set(infoHash, address);
  }
  return address;
}

/** The relays to choose from, for whoever does not want the choice made for him. */
async function offerTrackers(): Promise<void> {
  const roster = await readRelays();
  render(
    (roster?.relays ?? []).map(({ url }) => html`<option value=${url}></option>`),
    byId('trackers'),
  );
}

await Promise.all([seeds.resume(), offerTrackers()]);
draw();
setInterval(draw, DRAW_MS);
