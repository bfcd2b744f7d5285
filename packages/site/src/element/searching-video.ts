// A <video> whose source is looked for before there is one. What the conventions of media elements say meanwhile (HTML §4.8.11): it is loading,
// play() counts and its promise is kept, and what cannot be found is an error. The only importer of custom-media-element.
import { CustomVideoElement } from 'custom-media-element';
import type { PlaybackFault } from './faults.ts';
import { mediaErrorOf } from './media-error.ts';
import { PendingPlay } from './pending-play.ts';

const NETWORK_LOADING = 2;
const NETWORK_NO_SOURCE = 3;

type Phase = 'empty' | 'looking' | 'found';

export abstract class SearchingVideo extends CustomVideoElement {
  #phase: Phase = 'empty';
  #fault: PlaybackFault | undefined;
  readonly #pending = new PendingPlay();
  /** Counts the sources: what the <video> says late of one that was let go means nothing to the next. */
  #sources = 0;
  /** Told when play() was called, and so not again when the <video> plays. */
  #hasToldPlay = false;

  override get error(): MediaError | null {
    return this.#fault === undefined ? this.nativeEl.error : mediaErrorOf(this.#fault);
  }
  override get networkState(): number {
    if (this.#fault !== undefined) return NETWORK_NO_SOURCE;
    return this.#phase === 'looking' ? NETWORK_LOADING : this.nativeEl.networkState;
  }
  /** False already while what is to play is looked for. */
  override get paused(): boolean {
    return this.#phase === 'found' ? this.nativeEl.paused : !this.#pending.isWanted;
  }

  override play(): Promise<void> {
    if (this.#fault !== undefined)
      return Promise.reject(new DOMException(this.#fault.message, 'NotSupportedError'));
    if (this.#phase === 'found') return this.nativeEl.play();
    this.wantPlay();
    const promise = this.#pending.promise();
    if (this.#phase === 'empty') this.search();
    return promise;
  }
  override pause(): void {
    this.#cancelPlay('AbortError', 'It was paused before it could play');
    this.nativeEl.pause();
  }

  override handleEvent(event: Event): void {
    if (event.target === this.nativeEl) {
      if (event.type === 'loadstart') return; // told when the search began
      if (event.type === 'play' && this.#hasToldPlay) {
        this.#hasToldPlay = false;
        return;
      }
    }
    super.handleEvent(event);
  }

  /** Looks for the source, unless that is about to begin. */
  protected abstract search(): void;

  protected get isSearched(): boolean {
    return this.#phase !== 'empty';
  }
  protected get isPlayWanted(): boolean {
    return this.#pending.isWanted;
  }

  protected tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  protected wantPlay(): void {
    if (!this.#pending.want()) return;
    this.#hasToldPlay = true;
    this.tell('play');
    this.tell('waiting');
  }

  protected searching(): void {
    this.#phase = 'looking';
    this.tell('loadstart');
  }

  /** @param url undefined where it is nothing that plays */
  protected found(url: string | undefined): void {
    this.#phase = 'found';
    this.#fault = undefined;
    if (url === undefined) {
      this.#cancelPlay('NotSupportedError', 'There is nothing to play in it');
      return;
    }
    this.nativeEl.src = url;
    if (!this.#pending.isWanted) return;
    const playing = this.nativeEl.play();
    this.#pending.settle(playing);
    const source = this.#sources;
    playing.catch(() => {
      if (source !== this.#sources || !this.nativeEl.paused) return;
      this.#hasToldPlay = false;
      this.tell('pause'); // not allowed without a click: the controls are there
    });
  }

  protected failed(fault: PlaybackFault): void {
    this.#fault = fault;
    this.#cancelPlay('NotSupportedError', fault.message);
    this.tell('error', fault);
  }

  /** As it was before any source: what has been found is let go, since a <video> would go on with what it has. */
  protected empty(): void {
    if (this.#phase === 'empty') return;
    this.#sources++;
    this.#cancelPlay('AbortError', 'Another source has taken its place');
    this.nativeEl.removeAttribute('src');
    if (this.#phase === 'found') this.nativeEl.load();
    else this.tell('emptied');
    this.#phase = 'empty';
    this.#fault = undefined;
  }

  #cancelPlay(name: 'AbortError' | 'NotSupportedError', words: string): void {
    if (!this.#pending.cancel(name, words)) return;
    this.#hasToldPlay = false;
    this.tell('pause');
  }
}
