// What pages of other origins may read (CORS), and the questions that browsers ask before (preflight). One rule for every document that a
// service answers. Pure but for writing the answer.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { isRequestAllowed, type OriginCheck } from './origins.ts';

export interface CorsRule {
  /** As in the header Allow: "GET, HEAD, OPTIONS". */
  readonly methods: string;
  /** Whose pages may read the answer; undefined: everybody's. */
  readonly origins?: OriginCheck | undefined;
  /** Headers of the answer that pages may read beside the simple ones: "Retry-After, Date". */
  readonly exposed?: string;
}

const PREFLIGHT_SECONDS = '3600';
/** A list of header names, of a length that is enough for any agent. It is repeated in the answer, so nothing else may be in it. */
const HEADER_NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1024}$/;

/** The headers of an answer to this request, or undefined where its page may not read it (403 is the answer then). */
export function corsHeaders(rule: CorsRule, request: IncomingMessage): OutgoingHttpHeaders | undefined {
  const exposed = rule.exposed === undefined ? {} : { 'access-control-expose-headers': rule.exposed };
  if (rule.origins === undefined) return { 'access-control-allow-origin': '*', ...exposed };
  if (!isRequestAllowed(rule.origins, request.headers)) return undefined;
  const { origin } = request.headers;
  // An answer to one page must not be kept for another.
  return {
    vary: 'Origin',
    ...(origin === undefined ? {} : { 'access-control-allow-origin': origin }),
    ...exposed,
  };
}

/** Answers OPTIONS and returns true; leaves every other request alone. `headers` are those of `corsHeaders()`. */
export function answerPreflight(
  rule: CorsRule,
  request: IncomingMessage,
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
): boolean {
  if (request.method !== 'OPTIONS') return false;
  const asked = request.headers['access-control-request-headers'] ?? '';
  response
    .writeHead(204, {
      ...headers,
      allow: rule.methods,
      'access-control-allow-methods': rule.methods,
      // A tracing agent adds headers to every request of a page: that must not cost it the answer. None of them means anything to us.
      ...(HEADER_NAMES.test(asked) ? { 'access-control-allow-headers': asked } : {}),
      'access-control-max-age': PREFLIGHT_SECONDS,
    })
    .end();
  return true;
}
