// GET /ice-servers over HTTP (DESIGN §7): who may ask, how often, and the answer.
import { limitKey, sendJson, type AddressReader, type RequestHandler } from '@relay-swarm/kit';
import { mintCredential } from '../credentials/credential.ts';
import { AddressLimiter } from './address-limiter.ts';
import { iceServersAnswer } from './answer.ts';
import { allowOrigin } from './origins.ts';

export interface IceServersOptions {
  /** The origins of the pages that may ask; empty for all. */
  readonly origins: readonly string[];
  readonly requestsPerMinuteMax: number;
  readonly addressesMax: number;
  readonly ttlSeconds: number;
  readonly urls: () => readonly string[];
  /** The secret of new credentials. */
  readonly secret: () => string;
  readonly readAddress: AddressReader;
  readonly now: () => number;
  /** The user's name behind the expiry. It means nothing, so that nobody can be followed by it. */
  readonly makeName: () => string;
}

export const ICE_SERVERS_RESULTS = ['answered', 'originRefused', 'rateLimited', 'methodRefused'] as const;
type Result = (typeof ICE_SERVERS_RESULTS)[number];

export interface IceServers {
  readonly handle: RequestHandler;
  readonly counts: Readonly<Record<Result, number>>;
  readonly limiter: AddressLimiter;
}

const METHODS = 'GET, HEAD, OPTIONS';
const PREFLIGHT_SECONDS = '600';

export function createIceServers(options: IceServersOptions): IceServers {
  const limiter = new AddressLimiter({
    perMinute: options.requestsPerMinuteMax,
    addressesMax: options.addressesMax,
  });
  const counts: Record<Result, number> = { answered: 0, originRefused: 0, rateLimited: 0, methodRefused: 0 };

  const handle: RequestHandler = (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/ice-servers') return false;
    const origin = allowOrigin(options.origins, request.headers.origin);
    // An answer to one page must not be kept for another.
    const headers: Record<string, string> = options.origins.length === 0 ? {} : { vary: 'Origin' };
    if (origin != null) headers['access-control-allow-origin'] = origin;

    if (origin === undefined) {
      counts.originRefused += 1;
      sendJson(
        response,
        403,
        { error: 'Cannot give ICE servers to this page: its origin is not allowed here' },
        headers,
      );
    } else if (request.method === 'OPTIONS') {
      response
        .writeHead(204, {
          ...headers,
          'access-control-allow-methods': METHODS,
          'access-control-max-age': PREFLIGHT_SECONDS,
        })
        .end();
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      counts.methodRefused += 1;
      sendJson(
        response,
        405,
        { error: 'Cannot answer this method: GET is wanted' },
        { ...headers, allow: METHODS },
      );
    } else {
      const nowMs = options.now();
      const waitMs = limiter.take(limitKey(options.readAddress(request)), nowMs);
      if (waitMs > 0) {
        counts.rateLimited += 1;
        const waitSeconds = Math.ceil(waitMs / 1000);
        const error = `Cannot give ICE servers so often: ask again in ${waitSeconds} s`;
        sendJson(
          response,
          429,
          { error },
          {
            ...headers,
            'retry-after': String(waitSeconds),
            'access-control-expose-headers': 'Retry-After',
          },
        );
      } else {
        counts.answered += 1;
        const { ttlSeconds } = options;
        const credential = mintCredential(options.secret(), { name: options.makeName(), nowMs, ttlSeconds });
        sendJson(response, 200, iceServersAnswer(options.urls(), credential, ttlSeconds), headers);
      }
    }
    return true;
  };
  return { handle, counts, limiter };
}
