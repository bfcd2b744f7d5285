// Which servers introduce the members of a room, as an application names them.
import { check, isText, type Want } from './checks.ts';

/** None at all is no mistake: `keepRoom` of the client library finds them. */
export function wantServers(want: Want, signaling: string | readonly string[]): void {
  for (const url of [signaling].flat()) {
    const isGood = isText(url) && /^wss?:\/\//.test(url) && URL.canParse(url);
    want(isGood, 'signaling', url, 'a URL that begins with wss:// or ws://');
  }
}

/** Each of them once. Throws MeshError. */
export function serverUrls(signaling: string | readonly string[]): string[] {
  check((want) => wantServers(want, signaling));
  return [...new Set([signaling].flat())];
}
