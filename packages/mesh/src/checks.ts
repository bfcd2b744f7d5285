// What an application hands over is looked at before anything is done with it. What cannot be used is refused, all of it at once: what was found, and
// what was wanted.
import { MeshError } from './errors.ts';

export type Want = (isGood: unknown, what: string, found: unknown, wanted: string) => void;

export const CHANNEL_BYTES_MAX = 128;
/** A longer time-out ends at once in browsers. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Throws MeshError BAD_OPTION, which names everything that is wrong. */
export function check(look: (want: Want) => void): void {
  const faults: string[] = [];
  look((isGood, what, found, wanted) => {
    if (!isGood) faults.push(`Cannot use ${what} ${show(found)}: wanted ${wanted}`);
  });
  if (faults.length > 0) throw new MeshError('BAD_OPTION', faults.join('; '));
}

const isFlag = (found: unknown): boolean => typeof found === 'boolean';
const messageOptions: Readonly<Record<string, readonly [(found: unknown) => boolean, string]>> = {
  channel: [
    (found) => isText(found) && new TextEncoder().encode(found).length <= CHANNEL_BYTES_MAX,
    `text of at most ${CHANNEL_BYTES_MAX} bytes`,
  ],
  signal: [(found) => found instanceof AbortSignal, 'an AbortSignal'],
  isOrdered: [isFlag, 'true or false'],
  isLatest: [isFlag, 'true or false'],
  timeoutMs: [
    (found) => typeof found === 'number' && found > 0 && found <= TIMEOUT_MS_MAX,
    `a number above 0 to ${TIMEOUT_MS_MAX}`,
  ],
};

/** Those of a call; `names` are the ones that it knows. What is undefined is left to its default. */
export function checkMessageOptions(options: object, ...names: readonly string[]): void {
  check((want) => {
    for (const [name, found] of Object.entries(options)) {
      if (found === undefined) continue;
      const [isGood, wanted] = names.includes(name)
        ? messageOptions[name]!
        : [() => false, `one of ${names.join(', ')}`];
      want(isGood(found), name, found, wanted);
    }
  });
}

export function checkFunction(what: string, found: unknown): void {
  check((want) => want(isFunction(found), what, found, 'a function'));
}

export const isText = (found: unknown): found is string => typeof found === 'string';
export const isFunction = (found: unknown): boolean => typeof found === 'function';

/** No credentials: of an ICE server only its URLs are shown. */
export function wantIceServers(want: Want, found: unknown): void {
  if (found === undefined) return;
  if (!Array.isArray(found)) {
    want(false, 'iceServers', found, 'a list');
    return;
  }
  for (const server of found as ({ urls?: unknown; username?: unknown; credential?: unknown } | null)[]) {
    const urls = [server?.urls].flat();
    const isTurn = urls.some((url) => /^turns?:/.test(String(url)));
    const isGood = urls.every((url) => isText(url) && /^(stun|turn)s?:\S/.test(url));
    want(isGood, 'iceServers with urls', String(urls), 'stun:…, stuns:…, turn:… or turns:…');
    const isKnown = isText(server?.username) && isText(server.credential);
    want(!isTurn || isKnown, 'iceServers with urls', String(urls), 'a username and a credential beside them');
  }
}

/** Such as "[object Map]". */
export const typeOf = (found: unknown): string => Object.prototype.toString.call(found);

function show(found: unknown): string {
  if (isText(found)) return `"${found}"`;
  return Object(found) === found ? typeOf(found) : String(found);
}
