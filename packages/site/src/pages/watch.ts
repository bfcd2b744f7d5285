// Watching: a magnet from the address or the field, the player, and where the bytes come from.
import type { SwarmVideoElement } from '../element/swarm-video.ts';
import { wantsToSave, wishedP2p } from '../element/consent.ts';
import { chooseFile, isShown } from '../element/files.ts';
import { LinkError, readSource } from '../links/magnet.ts';
import { readPageLink, writePageLink, type PlayOptions } from '../links/page-link.ts';
import { byId, copyText, formatBytes, formatRate, formatShare } from '../page.ts';
import { showPlayer } from '../player.ts';
import { saveStream } from '../stream/save-stream.ts';
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
  if (wishedP2p(video) !== 'auto')
    byId('share-note').textContent = wantsToSave()
      ? 'To spare your connection, this page sends nothing to others.'
      : 'This page sends nothing to others, because its link says so.';
  video.addEventListener('p2perror', (event) => {
    // What cannot be shown may be saved all the same.
    const [first] = video.files;
    if (first !== undefined) {
      drawFiles(video, video.files);
      byId('files-note').hidden = false;
      if (video.way === undefined) entitle(video.files.length === 1 ? first.name : first.path.split('/')[0]!);
    }
    if ((event as CustomEvent<{ code: string }>).detail.code !== 'bad-source') return;
    field.value = source; // to be mended here
    field.setAttribute('aria-invalid', 'true');
    byId('open').hidden = false;
    for (const other of byId('stage').querySelectorAll<HTMLElement>('.panel')) other.hidden = true;
  });
  video.addEventListener('p2pready', (event) => {
    const { name, files } = (event as CustomEvent<{ name: string; files: readonly TorrentFile[] }>).detail;
    entitle(name);
    byId('files-note').hidden = true;
    drawFiles(video, files);
  });
  video.addEventListener('p2pstats', (event) =>
    drawNumbers((event as CustomEvent<TorrentStats>).detail, video),
  );
}

function entitle(name: string): void {
  byId('heading').textContent = name;
  document.title = `${name} · relay-swarm`;
}

function drawNumbers(stats: TorrentStats, video: SwarmVideoElement): void {
  const received = stats.fromPeers + stats.fromServers;
  const source = received === 0 ? '…' : formatShare(stats.fromPeers / received);
  // What the browser loads from the server by itself, nobody here can count.
  const arriving =
    video.way === 'server'
      ? [['Source', 'Server (HTTP)']]
      : [
          ['From peers', source],
          ['Received', formatBytes(received)],
          ['Down', formatRate(stats.downloadSpeed)],
        ];
  const rows = [
    ['Peers', String(stats.peers)],
    ...arriving,
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

function drawFiles(video: SwarmVideoElement, files: readonly TorrentFile[]): void {
  const playing = chooseFile(files, video.file);
  const play = (at: number) => () => {
    if (files[at] === playing) return;
    here.searchParams.set('file', String(at));
    history.replaceState(null, '', here);
    video.setAttribute('file', String(at));
    video.play().catch(() => undefined); // a picture, or not allowed
    drawFiles(video, files);
  };
  if (files.length === 0) {
    render(
      html`<li class="quiet">Not known: the server has this one, and no viewer has told more.</li>`,
      byId('files'),
    );
    return;
  }
  render(
    files.map(
      (file, at) =>
        html`<li>
          <span class="name">${file.path}</span>
          <span class="quiet">${formatBytes(file.length)}</span>
          <span class="actions">
            ${
              isShown(file)
                ? html`<button
                    type="button"
                    class="small"
                    aria-label="${file === playing ? 'Chosen' : 'Play'}: ${file.path}"
                    aria-disabled=${String(file === playing)}
                    @click=${play(at)}
                  >
                    ${file === playing ? 'Chosen' : 'Play'}
                  </button>`
                : nothing
            }
            <button
              type="button"
              class="small"
              aria-label="Save: ${file.path}"
              @click=${() => void save(video, file)}
            >
              Save
            </button>
          </span>
        </li>`,
    ),
    byId('files'),
  );
}

/** As a stream where that works, so that a large file need not fit into memory. */
async function save(video: SwarmVideoElement, file: TorrentFile): Promise<void> {
  const address = await video.addressOf(file);
  if (address !== undefined) {
    saveStream(address);
    return;
  }
  const link = document.createElement('a');
  link.download = file.name;
  link.href = URL.createObjectURL(await file.blob());
  link.click();
}
