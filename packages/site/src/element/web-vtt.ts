// Subtitles as browsers want them: WebVTT from SubRip (SRT), which is what torrents have. Pure.

const TIME =
  /^\s*(\d{1,3}:)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d{1,3}:)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})/;
const CHARS_MAX = 5_000_000;

/** The text of a .srt or .vtt file as WebVTT. Lines that are no cue are left out. */
export function toWebVtt(text: string): string {
  const lines = text
    .slice(0, CHARS_MAX)
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .trimEnd();
  if (/^WEBVTT(\s|$)/.test(lines)) return lines;
  const cues: string[] = [];
  for (const block of lines.split(/\n{2,}/)) {
    const [times, ...words] = block.split('\n').filter((line, at) => !(at === 0 && /^\s*\d+\s*$/.test(line)));
    const found = TIME.exec(times ?? '');
    if (found === null || words.length === 0) continue;
    const [, h1, m1, s1, f1, h2, m2, s2, f2] = found;
    cues.push(`${time(h1, m1, s1, f1)} --> ${time(h2, m2, s2, f2)}\n${words.map(cleanLine).join('\n')}`);
  }
  return `WEBVTT\n\n${cues.join('\n\n')}\n`;
}

const two = (text: string | undefined): string => (text ?? '').replace(':', '').padStart(2, '0');
const time = (hours?: string, minutes?: string, seconds?: string, fraction?: string): string =>
  `${two(hours)}:${two(minutes)}:${two(seconds)}.${(fraction ?? '').padEnd(3, '0')}`;

/** SRT knows <i>, <b>, <u>, <font> and {\an8}; WebVTT knows the first three. An arrow in a cue would end it. */
const cleanLine = (line: string): string =>
  line
    .replace(/<(?!\/?[ibu]>)[^>]*>/gi, '')
    .replace(/\{\\[^}]*\}/g, '')
    .replace(/-->/g, '→')
    .replace(/&(?!(amp|lt|gt|nbsp);)/g, '&amp;');

/** Bytes of a subtitle file as text: UTF-8, UTF-16 where it says so, and otherwise the Western encoding of old files. */
export function decodeSubtitles(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
