// Which web pages may connect: the allow list of origins. Browsers cannot lie about their origin, other programs can. One meaning for
// every service: with a list, a request without an Origin header comes in only where the list says "none". Pure.
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv6 } from 'node:net';
import { list, type Setting } from '@relay-swarm/kit';

export type OriginCheck = (origin: string | undefined) => boolean;

const WEB = /^https?:\/\/(\*\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/;
/** Schemes of pages inside native apps and browser extensions: their host is no domain, so "*." is not allowed. */
const APP =
  /^(capacitor|ionic|tauri|app|chrome-extension|moz-extension|safari-web-extension):\/\/[a-z0-9._-]+$/;
const SUBDOMAIN = /^[a-z0-9.-]+$/;
/** "none": clients that send no Origin. "null": what browsers send for pages without an origin, such as files and sandboxed frames. */
const WORDS = ['none', 'null'];

/**
 * An item of the list: "https://example.org", "https://*.example.org" for every subdomain, "capacitor://localhost" and the like for apps,
 * "null" or "none". The answer is as browsers write it: in small letters, without the port that the scheme has anyway.
 */
export function readOrigin(text: string): string | undefined {
  const origin = text.toLowerCase();
  if (WORDS.includes(origin) || APP.test(origin)) return origin;
  const [, , host = ''] = WEB.exec(origin) ?? [];
  const isHost = host.startsWith('[') ? isIPv6(host.slice(1, -1)) : host !== '';
  if (!isHost || !URL.canParse(origin)) return undefined;
  return new URL(origin).origin;
}

/** A list of origins; empty admits everybody. */
export function origins(name: string): Setting<readonly string[]> {
  return list(
    name,
    {
      of: 'origins (https://example.org, https://*.example.org, capacitor://localhost, null, none)',
      itemsMax: 200,
      item: readOrigin,
      default: [],
    },
    'Sites that may use it: https://example.org, https://*.example.org, apps such as capacitor://localhost; none for clients without an Origin, null for pages that have none to show; empty is everybody',
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
          name.startsWith(scheme) &&
          name.endsWith(domain) &&
          SUBDOMAIN.test(name.slice(scheme.length, -domain.length)),
      )
    );
  };
}

/**
 * The same for plain HTTP requests, where a page of our own host names no origin when it asks us (Fetch §3.2): the browser then says
 * `Sec-Fetch-Site: same-origin`, which pages cannot set.
 */
export function isRequestAllowed(check: OriginCheck, headers: IncomingHttpHeaders): boolean {
  if (headers.origin === undefined && headers['sec-fetch-site'] === 'same-origin') return true;
  return check(headers.origin);
}
