// Which web pages may ask for credentials: all, or a list of origins. Pure.

export const ORIGINS = 'origins (https://example.org, https://*.example.org for every subdomain)';

/** Reads one item of the allow-list, or undefined where it is no origin. */
export function readOrigin(text: string): string | undefined {
  return /^https?:\/\/(\*\.)?[a-z0-9.-]+(:\d{1,5})?$/.test(text) ? text : undefined;
}

/**
 * What to answer as Access-Control-Allow-Origin: "*" where nothing is listed; the origin itself where it is; null where the
 * request names none (a program, or a page of our own host: the list guards against foreign pages, not against programs,
 * which can claim any origin); undefined where the page may not ask.
 */
export function allowOrigin(
  listed: readonly string[],
  origin: string | undefined,
): string | null | undefined {
  if (listed.length === 0) return '*';
  if (origin === undefined) return null;
  return listed.some((one) => isListed(one, origin)) ? origin : undefined;
}

function isListed(one: string, origin: string): boolean {
  const [before, after] = one.split('*') as [string, string?];
  if (after === undefined) return origin === one;
  const subdomain = origin.slice(before.length, -after.length);
  return origin.startsWith(before) && origin.endsWith(after) && /^[a-z0-9.-]+$/i.test(subdomain);
}
