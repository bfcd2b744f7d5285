// Watching: a magnet from the address or the field, the player, and where the bytes come from.
import type { SwarmVideoElement } from '../element/swarm-video.ts';
import { kindOf } from '../element/files.ts';
import { LinkError, readSource } from '../links/magnet.ts';
import { readPageLink, writePageLink, type PlayOptions } from '../links/page-link.ts';
import { byId, copyText, formatBytes, formatRate, formatShare } from '../page.ts';
import { showPlayer } from '../player.ts';
import type { TorrentFile } from '../torrent/client.ts';
import type { TorrentStats } from '../torrent/shared-torrent.ts';
import { html, nothing, render } from '../view.ts';

const field = byId('source', HTMLInputElement);
const here = new URL(location.href);

byId('open').addEventListener('submit', (event) => {
  event.preventDefault();
  try {
    readSource(field.value);
    location.href = writePageLink(`${location.origin}/watch`, field.value.trim());
    if (here.pathname === '/watch') location.reload(); // another fragment alone loads nothing
  } catch (error) {
    byId('source-fault').textContent = error instanceof LinkError ? error.message : String(error);
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  }
});
addEventListener('hashchange', () => location.reload());

const { source, trackers, options } = readPageLink(here);
if (source === undefined) byId('open').hidden = false;
else {
  // This server has seen what stood in the query. The address that is passed on has it in the fragment, which no server sees.
  if (here.searchParams.has('magnet') || here.searchParams.has('src')) {
    for (const name of ['magnet', 'src']) here.searchParams.delete(name);
    history.replaceState(null, '', writePageLink(here, source));
  }
  watch(source, trackers, options);
}

function watch(source: string, trackers: readonly string[], options: PlayOptions): void {
  byId('stage').hidden = false;
  const video = showPlayer(byId('player'), { source, trackers, options });
  byId('embed-link', HTMLAnchorElement).href = writePageLink(`${location.origin}/embed-code`, source);
  const copy = byId('copy-link', HTMLButtonElement);
  copy.addEventListener('click', () => void copyText(location.href, copy));
  video.addEventListener('p2pready', (event) => {
    const { name, files } = (event as CustomEvent<{ name: string; files: readonly TorrentFile[] }>).detail;
    byId('heading').textContent = name;
    document.title = `${name} · relay-swarm`;
    drawFiles(video, files, name);
  });
  video.addEventListener('p2pstats', (event) =>
    drawNumbers((event as CustomEvent<TorrentStats>).detail, video),
  );
}

function drawNumbers(stats: TorrentStats, video: SwarmVideoElement): void {
  const received = stats.fromPeers + stats.fromServers;
  const source =
    video.way === 'server' ? 'HTTP' : received === 0 ? '…' : formatShare(stats.fromPeers / received);
  const rows = [
    ['Peers', String(stats.peers)],
    ['From peers', source],
    ['Received', formatBytes(received)],
    ['Down', formatRate(stats.downloadSpeed)],
    ['Passed on', formatBytes(stats.uploaded)],
    ['Up', formatRate(stats.uploadSpeed)],
  ];
  render(
    rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    ),
    byId('numbers'),
  );
  const inUse = stats.trackers.filter(({ isConnected }) => isConnected).map(({ url }) => new URL(url).host);
  byId('relays').textContent =
    stats.trackers.length === 0
      ? ''
      : `Introduced by ${inUse.join(', ') || 'nobody at the moment'} (${inUse.length} of ${stats.trackers.length} relays answer).`;
}

function drawFiles(video: SwarmVideoElement, files: readonly TorrentFile[], playing: string): void {
  const play = (at: number) => () => {
    here.searchParams.set('file', String(at));
    history.replaceState(null, '', here);
    video.setAttribute('file', String(at));
    drawFiles(video, files, files[at]!.name);
  };
  render(
    files.map(
      (file, at) =>
        html`<li>
          <span class="name">${file.path}</span>
          <span class="quiet">${formatBytes(file.length)}</span>
          ${
            ['video', 'audio', 'image'].includes(kindOf(file.name))
              ? html`<button
                  type="button"
                  class="small"
                  @click=${play(at)}
                  ?disabled=${file.name === playing}
                >
                  ${file.name === playing ? 'Playing' : 'Play'}
                </button>`
              : nothing
          }
          <button type="button" class="small" @click=${() => void save(video, file)}>Save</button>
        </li>`,
    ),
    byId('files'),
  );
}

/** As a stream where that works, so that a large file need not fit into memory. */
async function save(video: SwarmVideoElement, file: TorrentFile): Promise<void> {
  const link = document.createElement('a');
  link.download = file.name;
  link.href = (await video.addressOf(file)) ?? URL.createObjectURL(await file.blob());
  link.click();
}
