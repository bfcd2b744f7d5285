// The addresses of our pages. The torrent stands in the fragment, which browsers send to nobody; how to play stands in the query, with
// PeerTube's names. Pure.
import { readTracker } from './magnet.ts';

export interface PlayOptions {
  readonly autoplay: boolean;
  readonly muted: boolean;
  readonly loop: boolean;
  readonly controls: boolean;
  readonly title: boolean;
  readonly warningTitle: boolean;
  readonly stats: boolean;
  /** Whether a page around may steer the player with messages. */
  readonly api: boolean;
  readonly p2p: 'auto' | 'off' | 'download-only';
  readonly startSeconds: number | undefined;
  readonly stopSeconds: number | undefined;
  readonly playbackRate: number | undefined;
  /** A language of a subtitle track. */
  readonly subtitle: string | undefined;
  /** Which file of the torrent: its number from 0, or a part of its path. */
  readonly file: string | undefined;
  readonly poster: string | undefined;
}

export const PLAY_DEFAULTS: PlayOptions = {
  autoplay: false,
  muted: false,
  loop: false,
  controls: true,
  title: true,
  warningTitle: true,
  stats: false,
  api: true,
  p2p: 'auto',
  startSeconds: undefined,
  stopSeconds: undefined,
  playbackRate: undefined,
  subtitle: undefined,
  file: undefined,
  poster: undefined,
};

export interface PageLink {
  /** As it was written: a magnet, an info hash or an address; not checked. Undefined where the address names none. */
  readonly source: string | undefined;
  /** Trackers named beside the source. */
  readonly trackers: readonly string[];
  readonly options: PlayOptions;
}

/** Understands `#magnet…`, `#<info hash>`, `#https://….torrent`, `?magnet=`, `?tracker=` and the options; what it does not know it leaves out. */
export function readPageLink(url: URL): PageLink {
  const { searchParams: query } = url;
  const fragment = decodeFragment(url.hash.slice(1));
  const source = fragment === '' ? (query.get('magnet') ?? query.get('src') ?? undefined) : fragment;
  return { source, trackers: query.getAll('tracker').flatMap(trackersOf), options: readOptions(query) };
}

function decodeFragment(fragment: string): string {
  if (!/^(magnet%3a|https?%3a)/i.test(fragment)) return fragment;
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment; // damaged; the reader of sources says so
  }
}

function trackersOf(text: string): string[] {
  try {
    return text.split(',').map(readTracker);
  } catch {
    return []; // whoever follows a link cannot mend a tracker in it, and there are others
  }
}

function readOptions(query: URLSearchParams): PlayOptions {
  const flag = (name: string, fallback: boolean): boolean => {
    const value = query.get(name)?.toLowerCase();
    if (value === undefined) return fallback;
    return !['0', 'false', 'no', 'off'].includes(value);
  };
  const p2p = query.get('p2p')?.toLowerCase();
  const rate = Number(query.get('playbackRate') ?? Number.NaN);
  return {
    autoplay: flag('autoplay', PLAY_DEFAULTS.autoplay),
    muted: flag('muted', PLAY_DEFAULTS.muted),
    loop: flag('loop', PLAY_DEFAULTS.loop),
    controls: flag('controls', true) && flag('controlBar', true),
    title: flag('title', PLAY_DEFAULTS.title),
    warningTitle: flag('warningTitle', PLAY_DEFAULTS.warningTitle),
    stats: flag('stats', PLAY_DEFAULTS.stats),
    api: flag('api', PLAY_DEFAULTS.api),
    p2p:
      p2p === 'download-only'
        ? 'download-only'
        : ['0', 'false', 'off'].includes(p2p ?? '')
          ? 'off'
          : PLAY_DEFAULTS.p2p,
    startSeconds: readSeconds(query.get('start')),
    stopSeconds: readSeconds(query.get('stop')),
    playbackRate: rate >= 0.25 && rate <= 4 ? rate : undefined,
    subtitle: query.get('subtitle') ?? undefined,
    file: query.get('file') ?? undefined,
    poster: query.get('poster') ?? undefined,
  };
}

/** `90`, `1m30s`, `1h2m3s` or `1:02:03`, as PeerTube understands them. */
export function readSeconds(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^\d+(:\d{1,2}){1,2}$/.test(text))
    return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (parts === null || text === '') return undefined;
  const [, hours = 0, minutes = 0, seconds = 0] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** The address of a page for a torrent: only what differs from the defaults is written. */
export function writePageLink(
  page: URL | string,
  source: string,
  options: Partial<PlayOptions> = {},
): string {
  const url = new URL(page);
  const names = { startSeconds: 'start', stopSeconds: 'stop' } as const;
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === PLAY_DEFAULTS[key as keyof PlayOptions]) continue;
    const name = key in names ? names[key as keyof typeof names] : key;
    url.searchParams.set(name, typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
  }
  // A fragment may hold what a magnet holds, except for blanks and what ends an attribute or a link in a text.
  url.hash = '';
  return `${url.href}#${source.replace(/[\s"<>`\\^{}|]/g, encodeURIComponent)}`;
}
