// Trackers and relays as people write them on a command line. Pure.

const isHere = (host: string): boolean => /^(localhost|127\.|\[::1\]|[^/]+\.localhost)/.test(host);
const withoutSlash = (text: string): string => text.trim().replace(/(?<=[^/:])\/+$/, '');

/**
 * A tracker: a bare host gets wss:// (ws:// on this machine), an http address of a relay its WebSocket; a slash at the end goes.
 * @throws RangeError
 */
export function readTracker(text: string): string {
  const trimmed = withoutSlash(text);
  const isWhole = /^(wss?|udp):\/\//.test(trimmed) || /^https?:\/\/.*\/announce$/.test(trimmed);
  const url = isWhole
    ? trimmed
    : /^https?:\/\//.test(trimmed)
      ? trimmed.replace(/^http/, 'ws')
      : `${isHere(trimmed) ? 'ws' : 'wss'}://${trimmed}`;
  const isOther = !isWhole && /^(?!https?:)[^/]*:\/\//.test(trimmed);
  if (!isOther && isAddress(url)) return url;
  throw new RangeError(
    `must be a host or the address of a tracker, such as wss://tracker.example.org, but is "${text}"`,
  );
}

/**
 * Where a relay's pages and its roster are: a bare host gets https:// (http:// on this machine), a WebSocket address its HTTP one.
 * @throws RangeError
 */
export function readRelay(text: string): string {
  const trimmed = withoutSlash(text);
  const url = trimmed.includes('://')
    ? trimmed.replace(/^ws/, 'http')
    : `${isHere(trimmed) ? 'http' : 'https'}://${trimmed}`;
  if (/^https?:/.test(url) && isAddress(url)) return url;
  throw new RangeError(
    `must be a host or the address of a relay, such as https://tracker.example.org, but is "${text}"`,
  );
}

const isAddress = (url: string): boolean => URL.canParse(url) && new URL(url).hostname !== '';
