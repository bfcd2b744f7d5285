// What stands over the picture when there is none: the question about sharing, what is being waited for, what went wrong; and the statistics.
import { isStream } from '../stream/protocol.ts';
import { saveStream } from '../stream/save-stream.ts';
import type { TorrentStats } from '../torrent/shared-torrent.ts';
import { formatBytes, formatRate, formatShare } from '../page.ts';
import { html, nothing, renderInto } from '../view.ts';
import type { Consent, Notice } from './notice.ts';
import type { Way } from './playback.ts';

export function drawNotice(root: HTMLElement | DocumentFragment, notice: Notice): void {
  renderInto(templateOf(notice), root);
}

function templateOf(notice: Notice) {
  switch (notice.kind) {
    case 'none':
      return nothing;
    case 'waiting':
      return html`<div class="over waiting" part="notice"><p role="status">${notice.text}</p></div>`;
    case 'fault':
      return html`<div class="over" part="error">
        <slot name="error"><p role="alert">${notice.fault.message}</p></slot>
        <div class="row">
          <button type="button" class="primary" @click=${notice.retry}>Try again</button>
          ${downloadTemplate(notice.download)}
        </div>
      </div>`;
    case 'consent':
      return consentTemplate(notice);
  }
}

function downloadTemplate(address: string | undefined) {
  if (address === undefined) return nothing;
  if (isStream(address))
    return html`<button type="button" @click=${() => saveStream(address)}>Download</button>`;
  return html`<a class="button" href=${address} download target="_blank" rel="noopener">Download</a>`;
}

function consentTemplate({ hasServer, passesOn, decide }: Extract<Notice, { kind: 'consent' }>) {
  const choose = (consent: Consent) => (event: Event) => {
    const over = (event.currentTarget as HTMLElement).closest('.over');
    decide(consent, over?.querySelector('input')?.checked ?? false);
  };
  return html`<div class="over" part="consent" role="group" aria-label="Before it starts">
    <p>
      ${
        passesOn
          ? 'This comes from other viewers and, once you have it, goes on to others from you.'
          : 'This comes from other viewers; nothing goes on to others from you.'
      }
      They see your internet address, as every site does that you visit.
    </p>
    <div class="row">
      <button type="button" class="primary" @click=${choose('share')}>
        ${passesOn ? 'Watch and pass on' : 'Watch'}
      </button>
      ${
        hasServer
          ? html`<button type="button" @click=${choose('servers')}>Watch from the server only</button>`
          : nothing
      }
    </div>
    <label><input type="checkbox" checked /> Do not ask again on this site</label>
  </div>`;
}

export interface Numbers {
  readonly stats: TorrentStats;
  readonly way: Way | undefined;
  readonly bufferedSeconds: number;
}

export function drawStats(root: HTMLElement | DocumentFragment, numbers: Numbers | undefined): void {
  renderInto(numbers === undefined ? nothing : statsTemplate(numbers), root);
}

const WAYS: Readonly<Record<Way, string>> = {
  stream: 'stream, checked piece by piece',
  server: 'from the server (HTTP)',
  memory: 'whole file in memory',
};

function statsTemplate({ stats, way, bufferedSeconds }: Numbers) {
  const inUse = stats.trackers.filter(({ isConnected }) => isConnected);
  const rows: [string, string][] = [
    ['Peers', String(stats.peers)],
    [
      'Down',
      `${formatRate(stats.downloadSpeed)}, ${formatBytes(stats.fromPeers + stats.fromServers)} in all`,
    ],
    ['Up', `${formatRate(stats.uploadSpeed)}, ${formatBytes(stats.uploaded)} in all`],
    ['From peers', sourceOf(stats, way)],
    ['Way', way === undefined ? 'not yet' : WAYS[way]],
    [
      'Relays',
      // The count first: on a phone only the beginning is to be seen.
      [`${inUse.length} of ${stats.trackers.length}`, ...inUse.map(({ url }) => hostOf(url))].join(' · '),
    ],
    ['Fail-overs', String(stats.failOvers)],
    ['Ahead', `${bufferedSeconds.toFixed(0)} s`],
  ];
  // For eyes only: numbers that change every second are noise when they are read out.
  return html`<dl class="stats" part="stats" aria-hidden="true">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function sourceOf({ fromPeers, fromServers }: TorrentStats, way: Way | undefined): string {
  if (way === 'server') return 'nothing: HTTP alone';
  const received = fromPeers + fromServers;
  return received === 0 ? 'nothing yet' : formatShare(fromPeers / received);
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

/**
 * For the element's own shadow root; in our pages style/player.css says the same. A player on a phone is some 160 px high: there the eight rows
 * of numbers are small, a line each.
 */
export const OVERLAY_STYLE = `
:host{position:relative;display:inline-block}
img[part=image]{display:block;width:100%;height:100%;object-fit:contain}
.over{position:absolute;inset:0;display:grid;place-content:safe center;justify-items:center;gap:.75rem;padding:1rem;text-align:center;color:#fff;background:rgb(10 12 18/88%);font:1rem/1.5 system-ui,sans-serif;overflow:auto}
.over p{margin:0;max-width:42ch}.over.waiting{background:rgb(10 12 18/60%);pointer-events:none}
.over .row{display:flex;flex-wrap:wrap;gap:.6rem;justify-content:center}
.over button,.over .button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.1rem;border-radius:.5rem;border:1px solid rgb(255 255 255/60%);background:rgb(255 255 255/12%);color:#fff;text-decoration:none;cursor:pointer;display:inline-flex;align-items:center}
.over button.primary{background:#5563e8;border-color:#5563e8}
.over label{display:flex;gap:.5rem;align-items:center;font-size:.9rem}
#notice{position:absolute;inset:0;container-type:size;pointer-events:none}#notice .over:not(.waiting){pointer-events:auto}
#numbers{position:absolute;inset:0;pointer-events:none;container-type:size}
.stats{position:absolute;left:.75rem;top:.75rem;margin:0;padding:.6rem .8rem;border-radius:.5rem;color:#fff;background:rgb(10 12 18/80%);font:.8rem/1.5 ui-monospace,Menlo,Consolas,monospace;max-width:calc(100% - 1.5rem);box-sizing:border-box;max-height:calc(100% - 1.5rem);overflow:hidden}
.stats div{display:flex;gap:.75rem}.stats dt{min-width:6.5em;opacity:.8}.stats dd{margin:0;overflow-wrap:anywhere}
@container (max-height:16rem){
.over{gap:.4rem;padding:.5rem .75rem;font-size:.75rem;line-height:1.35}.over p{max-width:52ch}
.over button,.over .button{min-height:2rem;padding:.2rem .8rem;font-size:.85rem}.over label{font-size:.75rem}
}
@container (max-width:32rem) or (max-height:16rem){
.stats{left:.35rem;top:.35rem;padding:.25rem .45rem;max-width:calc(100% - .7rem);max-height:calc(100% - .7rem);font:.66rem/1.2 system-ui,sans-serif;font-variant-numeric:tabular-nums}
.stats div{gap:.5rem}.stats dt{min-width:6em}.stats dd{min-width:0;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
}
`;
