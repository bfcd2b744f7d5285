// GET /ice-servers over HTTP: which pages may ask, how often, and the answer.
import { sendJson, type RequestHandler } from '@relay-swarm/kit';
import { AddressRates, limitKey, sendRefusal, type AddressReader } from '@relay-swarm/net';
import { answerPreflight, corsHeaders, type CorsRule } from '@relay-swarm/net/cors';
import { createOriginCheck } from '@relay-swarm/net/origins';
import { ICE_SERVERS_PATH } from '@relay-swarm/protocol/ice-servers';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { mintCredential } from '../auth/credential.ts';
import { iceServersAnswer } from './answer.ts';

export interface IceServersOptions {
  /** The origins of the pages that may ask; empty for all. */
  readonly origins: readonly string[];
  readonly requestsPerMinuteMax: number;
  readonly addressesMax: number;
  readonly ttlSeconds: number;
  readonly urls: () => readonly string[];
  /** The secret of new credentials. */
  readonly secret: () => string;
  readonly isDraining: () => boolean;
  readonly readAddress: AddressReader;
  readonly wallClockMs: () => number;
  /** The user's name behind the expiry. It is random, so that clients cannot be tracked by it. */
  readonly makeName: () => string;
}

type Result = 'answered' | 'originRefused' | 'methodRefused' | 'tooMany' | 'draining';

export interface IceServers {
  readonly handle: RequestHandler;
  readonly counts: Readonly<Record<Result, number>>;
  readonly limiter: AddressRates;
}

type Headers = OutgoingHttpHeaders;
const METHODS = 'GET, HEAD, OPTIONS';
/** A server that drains is about to stop; a client that has others uses those meanwhile. */
const DRAINING_SECONDS = 60;

export function createIceServers(options: IceServersOptions): IceServers {
  const { requestsPerMinuteMax, addressesMax, ttlSeconds } = options;
  const rate = { perSecond: requestsPerMinuteMax / 60, burst: requestsPerMinuteMax };
  const limiter = new AddressRates(rate, addressesMax);
  const rule: CorsRule = {
    methods: METHODS,
    origins: options.origins.length > 0 ? createOriginCheck(options.origins) : undefined,
    exposed: 'Retry-After',
  };
  const counts = { answered: 0, originRefused: 0, methodRefused: 0, tooMany: 0, draining: 0 };

  const answer = (request: IncomingMessage, response: ServerResponse, headers: Headers): Result => {
    if (options.isDraining()) {
      sendRefusal(response, 'draining', { headers, retrySeconds: DRAINING_SECONDS });
      return 'draining';
    }
    const nowMs = options.wallClockMs();
    const waitMs = limiter.ask(limitKey(options.readAddress(request)), nowMs);
    if (waitMs > 0) {
      const retrySeconds = Math.ceil(waitMs / 1000);
      const message = `${REFUSALS.address_rate.sentence}: ask again in ${retrySeconds} s`;
      sendRefusal(response, 'address_rate', { headers, retrySeconds, message });
      return 'tooMany';
    }
    const credential = mintCredential(options.secret(), { name: options.makeName(), nowMs, ttlSeconds });
    sendJson(response, 200, iceServersAnswer(options.urls(), credential, ttlSeconds), headers);
    return 'answered';
  };

  const handle: RequestHandler = (request, response) => {
    if (request.url?.split('?', 1)[0] !== ICE_SERVERS_PATH) return false;
    const headers = corsHeaders(rule, request);
    if (headers === undefined) {
      sendRefusal(response, 'origin', { headers: { vary: 'Origin' } });
      counts.originRefused++;
    } else if (answerPreflight(rule, request, response, headers)) {
      return true;
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendRefusal(response, 'method', { headers: { ...headers, allow: METHODS } });
      counts.methodRefused++;
    } else {
      counts[answer(request, response, headers)]++;
    }
    return true;
  };
  return { handle, counts, limiter };
}
