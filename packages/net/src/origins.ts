// Which web pages may connect: the allow list of origins. Browsers cannot lie about their origin, other programs can. Pure.

import { list, type Setting } from '@relay-swarm/kit';

export type OriginCheck = (origin: string | undefined) => boolean;

/** An item of the list: "https://example.org", "https://*.example.org" for every subdomain, or "none" for clients that send no Origin. */
export function readOrigin(text: string): string | undefined {
  if (text === 'none') return text;
  return /^https?:\/\/(\*\.)?[a-z0-9.-]+(:\d+)?$/.test(text) ? text : undefined;
}

/** A list of origins; empty admits everybody. */
export function origins(name: string): Setting<readonly string[]> {
  return list(
    name,
    {
      of: 'origins (https://example.org, https://*.example.org, none)',
      itemsMax: 200,
      item: readOrigin,
      default: [],
    },
    'Sites that may use it: https://example.org, https://*.example.org, or none for clients without a site; empty is everybody',
  );
}

/** Whether a request with this Origin header (undefined: none) may connect; an empty list admits everybody. */
export function createOriginCheck(allowed: readonly string[]): OriginCheck {
  const exact = new Set(allowed);
  const wildcards = allowed.filter((one) => one.includes('//*.')).map((one) => one.split('*'));
  return (origin) => {
    if (exact.size === 0) return true;
    if (origin === undefined) return exact.has('none');
    const name = origin.toLowerCase();
    if (name === 'none') return false; // the word for "no header" is not an origin
    return (
      exact.has(name) ||
      wildcards.some(
        ([scheme = '', domain = '']) =>
          name.startsWith(scheme) && name.endsWith(domain) && name.length > scheme.length + domain.length,
      )
    );
  };
}
