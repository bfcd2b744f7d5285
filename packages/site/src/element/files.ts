// Which file of a torrent is played, and which stand beside it. Pure.

export interface NamedFile {
  readonly name: string;
  readonly path: string;
  readonly length: number;
}

export type Kind = 'video' | 'audio' | 'image' | 'subtitles' | 'other';

const KINDS: readonly (readonly [Kind, RegExp])[] = [
  ['video', /\.(mp4|m4v|webm|mkv|mov|ogv|ogm|avi|mpe?g|ts)$/i],
  ['audio', /\.(mp3|m4a|aac|ogg|oga|opus|flac|wav|weba)$/i],
  ['image', /\.(jpe?g|png|gif|webp|avif|svg|bmp)$/i],
  ['subtitles', /\.(srt|vtt)$/i],
];

/** What the player shows, the first before the others. */
const SHOWN: readonly Kind[] = ['video', 'audio', 'image'];

export const kindOf = (name: string): Kind => KINDS.find(([, ending]) => ending.test(name))?.[0] ?? 'other';

export const isShown = ({ name }: Pick<NamedFile, 'name'>): boolean => SHOWN.includes(kindOf(name));

/**
 * The file to play: the one that was wished (its number from 0, a glob, or a part of its path), or else the largest video, audio or image, in
 * this order.
 */
export function chooseFile<F extends NamedFile>(files: readonly F[], wish?: string): F | undefined {
  if (wish !== undefined && wish !== '') {
    if (/^\d+$/.test(wish)) return files[Number(wish)];
    const matches = wish.includes('*')
      ? (file: F) => globOf(wish).test(file.path)
      : (file: F) => file.path.toLowerCase().includes(wish.toLowerCase());
    return files.filter(matches).sort((a, b) => b.length - a.length)[0];
  }
  for (const kind of SHOWN) {
    const [largest] = files.filter(({ name }) => kindOf(name) === kind).sort((a, b) => b.length - a.length);
    if (largest !== undefined) return largest;
  }
  return undefined;
}

function globOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replace(/\*+/g, '.*');
  return new RegExp(`(^|/)${escaped}$`, 'i');
}

export interface SubtitleFile<F> {
  readonly file: F;
  /** A BCP 47 tag where the name has one (`film.pt-BR.srt`). */
  readonly language: string | undefined;
  readonly label: string;
}

const SUBTITLES_MAX = 30;

/** The subtitles of a video: those that begin with its name, or all where none does. */
export function subtitlesFor<F extends NamedFile>(files: readonly F[], video: F): readonly SubtitleFile<F>[] {
  const all = files.filter(({ name }) => kindOf(name) === 'subtitles');
  const stem = stemOf(video.name);
  const own = all.filter(({ name }) => name.toLowerCase().startsWith(stem));
  return (own.length > 0 ? own : all).slice(0, SUBTITLES_MAX).map((file) => {
    const rest = stemOf(file.name).startsWith(stem)
      ? stemOf(file.name).slice(stem.length)
      : stemOf(file.name);
    const language = /(?:^|[._\s-])([a-z]{2,3}(?:-[a-z]{2,4})?)$/i.exec(rest)?.[1];
    return { file, language, label: labelOf(language) ?? file.name };
  });
}

const stemOf = (name: string): string => name.replace(/\.[^.]+$/, '').toLowerCase();

function labelOf(language: string | undefined): string | undefined {
  if (language === undefined) return undefined;
  try {
    return new Intl.DisplayNames(undefined, { type: 'language', fallback: 'none' }).of(language);
  } catch {
    return undefined; // no tag of a language after all
  }
}
