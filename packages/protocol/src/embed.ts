// How our player is embedded in other sites' pages: the same frame everywhere. Pure.

export interface EmbedFrame {
  /** The address of /embed with the torrent in its fragment. */
  readonly url: string;
  readonly title: string;
  /** CSS pixels; without them the frame is as wide as its place, 16 to 9. */
  readonly width?: number;
  readonly height?: number;
}

/**
 * The frame's HTML. Each attribute was measured in Chromium 156 and Firefox 153: without `allow` there is neither full screen nor autoplay;
 * without `allow-same-origin` the frame has no service worker and no storage, so nothing streams; without `allow-downloads` (Chromium alone
 * was asked) what cannot be played cannot be saved either.
 */
export function embedFrame({ url, title, width, height }: EmbedFrame): string {
  const size =
    width === undefined || height === undefined
      ? 'style="aspect-ratio:16/9;width:100%;border:0"'
      : `width="${width}" height="${height}" style="border:0"`;
  return [
    `<iframe src="${escapeAttribute(url)}" title="${escapeAttribute(title)}" loading="lazy"`,
    'allow="autoplay; fullscreen; picture-in-picture" allowfullscreen',
    'sandbox="allow-scripts allow-same-origin allow-popups allow-downloads"',
    `referrerpolicy="strict-origin-when-cross-origin" ${size}></iframe>`,
  ].join(' ');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };
const escapeAttribute = (text: string): string => text.replace(/[&"<>]/g, (char) => ENTITIES[char]!);
