// <swarm-video src="magnet:…">: a media element whose source is a torrent. Everything that <video> has is there too (attributes, properties,
// methods, events, <track> children), so that controls made for media elements, such as media-chrome, work with it unchanged. Long because its
// manifest is made from this file: attributes, events and slots must stand at the class.
import { readSource } from '../links/magnet.ts';
import { relaysOf } from '../relays.ts';
import type { TorrentFile } from '../torrent/client.ts';
import type { TorrentStats } from '../torrent/shared-torrent.ts';
import { ConsentQuestion, wantsToSave, wishedP2p } from './consent.ts';
import { asFault, faults } from './faults.ts';
import { kindOf } from './files.ts';
import type { Notice } from './notice.ts';
import { drawNotice, OVERLAY_STYLE } from './overlay.ts';
import { showPicture } from './picture.ts';
import { Playback, type Ready, type Way } from './playback.ts';
import { reflectAttributes, takeUpProperties } from './reflected.ts';
import { SearchingVideo } from './searching-video.ts';
import { isReachable, watchServer } from './server-watch.ts';
import { attachSubtitles, showSubtitles } from './subtitles.ts';
import { TorrentNumbers } from './torrent-numbers.ts';

/** What changes the torrent or the file; the rest takes effect by itself. */
const SOURCE_ATTRIBUTES = ['src', 'file', 'trackers', 'webseed', 'p2p', 'roster', 'worker'];
const OWN_ATTRIBUTES = [...SOURCE_ATTRIBUTES, 'max-upload', 'stats', 'start', 'stop', 'consent', 'subtitle'];
/** From when on a viewer is told that nobody is there. */
const WAITING_MS = 4_000;
const WAITING: Notice = { kind: 'waiting', text: 'Looking for somebody who has this…' };

/**
 * @element swarm-video
 * @attr {string} src - a magnet link, an info hash, or the address of a .torrent
 * @attr {string} file - which file: its number from 0, a glob, or a part of its path
 * @attr {string} trackers - further trackers, separated by blanks
 * @attr {string} roster - origins of relays that know others, separated by blanks; default: where this script came from
 * @attr {string} webseed - HTTP addresses of the same files, separated by blanks
 * @attr {string} p2p - auto (default), download-only, or off (web seeds only)
 * @attr {number} max-upload - bytes per second
 * @attr {boolean} stats - shows numbers over the picture
 * @attr {boolean} consent - asks before it shares anything
 * @attr {string} worker - the address of the service worker, on this page's own site; without it the file comes over HTTP or as a whole
 * @attr {number} start - second to start at
 * @attr {number} stop - second to stop at
 * @attr {string} subtitle - the language or the name of the subtitles that are on
 * @fires p2pready - the file is known and about to play: { name, way, infoHash, files }
 * @fires p2pstats - once a second: TorrentStats
 * @fires p2ppeer - the number of peers changed: { peers }
 * @fires p2ptracker - a tracker came or went: { url, isConnected }
 * @fires p2pfailover - a relay in use has failed, and others took over: { failOvers }
 * @fires p2pfallback - another way had to be taken: { from, to, reason }
 * @fires p2perror - it cannot be played: a PlaybackFault
 * @slot media - a <video> to use instead of the element's own
 * @slot error - what to show instead of the message
 * @csspart video - the <video>
 * @csspart image - the <img> where the file is a picture
 * @csspart stats - the numbers
 */
export class SwarmVideoElement extends SearchingVideo {
  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, ...OWN_ATTRIBUTES];
  }

  static override getTemplateHTML = (attributes: Record<string, string>): string => {
    const others = Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== 'src'));
    return `${super.getTemplateHTML(others)}<style>${OVERLAY_STYLE}</style><div id="notice"></div><div id="numbers"></div>`;
  };

  // The attributes as properties: reflected.ts
  declare file: string;
  declare trackers: string;
  declare roster: string;
  declare webseed: string;
  declare p2p: string;
  declare worker: string;
  declare subtitle: string;
  declare stats: boolean;
  declare consent: boolean;
  declare start: number;
  declare stop: number;
  declare maxUpload: number;

  #playback: Playback | undefined;
  #ended = new AbortController();
  #isScheduled = false;
  /** Where a viewer was who tries again; once. */
  #resumeAt = 0;
  #way: Way | undefined;
  #overlayRoot: HTMLElement | undefined;
  #retriesLeft = 2;
  /** Of the source whose way is being changed. */
  #changing: AbortSignal | undefined;
  readonly #consent = new ConsentQuestion();
  readonly #numbers = new TorrentNumbers({
    video: () => this.nativeEl,
    stats: () => this.getStats(),
    way: () => this.#way,
    root: () =>
      this.hasAttribute('stats') ? (this.shadowRoot?.getElementById('numbers') ?? undefined) : undefined,
    say: (type, detail) => this.tell(type, detail),
  });

  /** Where notices are drawn: in this element, or somewhere above controls that cover it. */
  get overlayRoot(): HTMLElement | undefined {
    return this.#overlayRoot ?? this.shadowRoot?.getElementById('notice') ?? undefined;
  }
  set overlayRoot(root: HTMLElement | undefined) {
    this.#overlayRoot = root;
  }

  /** The files of the torrent; empty until they are known. */
  get files(): readonly TorrentFile[] {
    return this.#playback?.torrent?.torrent.files ?? [];
  }
  get way(): Way | undefined {
    return this.#way;
  }
  get magnetURI(): string | undefined {
    return this.#playback?.torrent?.torrent.magnetURI;
  }
  getStats(): TorrentStats | undefined {
    return this.#playback?.torrent?.stats();
  }
  /** An address from which any file of the torrent can be loaded in this page. */
  addressOf(file: TorrentFile): Promise<string | undefined> {
    return this.#playback?.addressOf(file) ?? Promise.resolve(undefined);
  }

  override attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name !== 'src') super.attributeChangedCallback(name, before, now);
    // As in HTML, the attribute says how it starts; a template may set it after the element was made.
    if (name === 'muted' && this.#way === undefined) this.nativeEl.muted = now !== null;
    if (name === 'subtitle') showSubtitles(this.nativeEl, now);
    if (before === now || !SOURCE_ATTRIBUTES.includes(name)) return;
    this.#resumeAt = 0;
    this.#schedule();
  }
  override connectedCallback(): void {
    takeUpProperties(this);
    super.connectedCallback();
    this.#schedule();
  }
  override disconnectedCallback(): void {
    this.#end();
    super.disconnectedCallback();
  }

  override load(): void {
    this.#schedule();
  }
  protected override search(): void {
    if (!this.#isScheduled) void this.#begin();
  }

  override handleEvent(event: Event): void {
    if (event.target === this.nativeEl) {
      if (event.type === 'error') {
        void this.#onMediaError();
        return;
      }
      if (event.type === 'timeupdate') this.#stopInTime();
      if (event.type === 'playing') this.#retriesLeft = 2;
    }
    super.handleEvent(event);
  }

  /** What was there ends at once; all attributes of one moment count once. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#end();
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.isConnected || this.isSearched) return;
      const waits = this.preload === 'none' && !this.hasAttribute('autoplay') && !this.isPlayWanted;
      if (this.getAttribute('src') && !waits) void this.#begin();
    });
  }

  #end(): void {
    this.#ended.abort();
    this.#ended = new AbortController();
    this.#numbers.stop();
    this.#playback?.stop();
    this.#playback = undefined;
    if (this.#way !== undefined) showPicture(this.shadowRoot, this.nativeEl, undefined);
    this.empty();
    this.#way = undefined;
    this.#show({ kind: 'none' });
  }

  async #begin(): Promise<void> {
    const { signal } = this.#ended;
    const isOver = (): boolean => signal.aborted;
    const source = this.getAttribute('src') ?? '';
    this.searching();
    try {
      readSource(source); // nobody is asked about a link that names nothing
      const consent = await this.#consent.ask(this, (notice) => {
        if (isOver()) return;
        if (notice.kind === 'none') this.wantPlay(); // whoever answers wants to watch
        this.#show(notice);
      });
      if (isOver()) return;
      const waiting = setTimeout(() => this.#show(WAITING), WAITING_MS);
      this.#numbers.start();
      this.#playback = new Playback({
        source,
        file: this.getAttribute('file') ?? undefined,
        trackers: words(this.getAttribute('trackers')),
        webSeeds: words(this.getAttribute('webseed')),
        p2p: consent === 'servers' ? 'off' : wishedP2p(this),
        uploadMax: Number(this.getAttribute('max-upload')) || undefined,
        isSparing: wantsToSave(),
        worker: this.getAttribute('worker') ?? undefined,
        relays: relaysOf(this.getAttribute('roster') ?? new URL(import.meta.url).origin),
        signal,
        // What came from its server or is in memory plays on without the torrent.
        broken: (cause) => {
          if (this.#way === 'stream') void this.#takeNextWay(cause);
        },
      });
      const ready = await this.#playback.start().finally(() => clearTimeout(waiting));
      if (!isOver()) this.#take(ready);
    } catch (error) {
      if (!isOver()) this.#fail(error);
    }
  }

  #take({ url, way, name, file }: Ready): void {
    this.#way = way;
    this.#show({ kind: 'none' });
    const isImage = kindOf(name) === 'image';
    showPicture(this.shadowRoot, this.nativeEl, isImage ? { url, name } : undefined);
    this.found(isImage ? undefined : url);
    this.#seekToStart();
    if (way === 'server' && !isImage)
      watchServer(this.nativeEl, this.#ended.signal, () => {
        if (this.#way === 'server') void this.#takeNextWay(new Error('The server does not answer'));
      });
    const torrent = this.#playback?.torrent?.torrent;
    const subtitle = (): string | null => this.getAttribute('subtitle');
    if (file !== undefined)
      void attachSubtitles(this.nativeEl, this.files, file, subtitle, this.#ended.signal);
    this.tell('p2pready', { name, way, infoHash: torrent?.infoHash, files: this.files });
  }

  async #onMediaError(): Promise<void> {
    const { error, currentTime: at, duration } = this.nativeEl;
    const { signal } = this.#ended;
    if (error === null || this.#playback === undefined || this.#way === undefined) return;
    const name = this.#playback.file?.name ?? 'this file';
    const hasPlayed = at > 0 || duration > 0;
    const isOfPlayer =
      error.code === error.MEDIA_ERR_DECODE || (!hasPlayed && (await isReachable(this.nativeEl.src)));
    if (signal.aborted) return; // another source by now
    if (isOfPlayer) {
      this.#fail(faults.notPlayable(name));
      return;
    }
    // The stream broke off: the same way once more, then another.
    if (this.#retriesLeft-- > 0) {
      this.#goOn(() => this.nativeEl.load());
    } else await this.#takeNextWay(error);
  }

  async #takeNextWay(cause: Error | MediaError): Promise<void> {
    const [playback, from, signal] = [this.#playback, this.#way, this.#ended.signal];
    if (playback === undefined || from === undefined || this.#changing === signal) return;
    this.#changing = signal;
    try {
      const ready = await playback.nextWay(cause);
      if (signal.aborted) return;
      this.tell('p2pfallback', { from, to: ready.way, reason: cause.message });
      this.#goOn(() => this.#take(ready)); // as the viewer is by now: another way may take minutes
    } catch (fault) {
      if (!signal.aborted) this.#fail(fault);
    } finally {
      if (this.#changing === signal) this.#changing = undefined;
    }
  }

  /** Loads anew, goes on from the same second, and plays if it did. */
  #goOn(load: () => void): void {
    const { currentTime, paused } = this.nativeEl;
    load();
    if (currentTime > 0) this.nativeEl.currentTime = currentTime;
    if (!paused)
      this.nativeEl.play().catch(() => undefined); // not allowed without a click: the controls are there
    else if (currentTime > 0) this.nativeEl.pause(); // what is loaded anew would begin where there is `autoplay`
  }

  #fail(error: unknown): void {
    const fault = asFault(error);
    const download = this.nativeEl.src || undefined;
    const at = this.nativeEl.currentTime;
    const retry = (): void => {
      this.#resumeAt = at;
      this.#schedule();
      this.wantPlay(); // whoever tries again wants to watch
    };
    this.#show({ kind: 'fault', fault, retry, download });
    this.failed(fault);
    this.tell('p2perror', fault);
  }

  /** Before anything has loaded, so that it begins there: once it has, it may be playing from the beginning already. */
  #seekToStart(): void {
    const start = this.#resumeAt || Number(this.getAttribute('start'));
    this.#resumeAt = 0;
    if (start > 0) this.nativeEl.currentTime = start;
  }
  #stopInTime(): void {
    const stop = Number(this.getAttribute('stop'));
    if (stop > 0 && this.nativeEl.currentTime >= stop && !this.nativeEl.paused) this.nativeEl.pause();
  }

  #show(notice: Notice): void {
    if (this.overlayRoot !== undefined) drawNotice(this.overlayRoot, notice);
  }
}

const words = (text: string | null): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');

reflectAttributes(SwarmVideoElement.prototype);

if (customElements.get('swarm-video') === undefined) customElements.define('swarm-video', SwarmVideoElement);
