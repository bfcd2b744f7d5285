// Which servers introduce the members of a room, as an application names them.
import { MeshError } from './errors.ts';

/** What is wrong with them. None at all is no mistake: `keepRoom` of the client library finds them. */
export const faultsOfServers = (signaling: string | readonly string[]): string[] =>
  [signaling]
    .flat()
    .filter((url) => !/^wss?:\/\//.test(url) || !URL.canParse(url))
    .map((url) => `Cannot use signaling "${url}": wanted a URL that begins with wss:// or ws://`);

/** Each of them once. Throws MeshError. */
export function serverUrls(signaling: string | readonly string[]): string[] {
  const faults = faultsOfServers(signaling);
  if (faults.length > 0) throw new MeshError('BAD_OPTION', faults.join('; '));
  return [...new Set([signaling].flat())];
}
