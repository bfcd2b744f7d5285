// Which servers introduce the members of a room, as an application names them.
import { MeshError } from './errors.ts';

/** None at all is no mistake: `keepRoom` of the client library finds them. Throws MeshError. */
export function serverUrls(signaling: string | readonly string[]): string[] {
  const urls = [signaling].flat();
  for (const url of urls) {
    if (!/^wss?:\/\//.test(url)) {
      throw new MeshError('BAD_OPTION', `Cannot use signaling "${url}": it must begin with wss:// or ws://`);
    }
  }
  return [...new Set(urls)];
}
