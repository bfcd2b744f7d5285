// GET /announce and GET /scrape, for clients that bring no WebRTC. Every answer is 200 and bencoded, refusals too: clients look into the
// body of nothing else.
import type { RequestHandler } from '@relay-swarm/kit';
import { sendRefusal, type AddressReader, type RequestHead } from '@relay-swarm/net';
import { soon, type IpTracker, type Later } from '../ip-announce.ts';
import { readAnnounceQuery, readScrapeQuery } from './query.ts';
import { writeCompactAnnounce, writeFailure, writePlainAnnounce, writeScrape } from './replies.ts';

export interface HttpAnnounceOptions {
  readonly tracker: IpTracker;
  readonly readAddress: AddressReader;
  readonly intervalSeconds: number;
  readonly monotonicMs: () => number;
}

export interface HttpAnnounces {
  /** The body of the answer to a GET; undefined where the request is neither of the two. */
  answerTo(request: RequestHead): Later<Uint8Array> | undefined;
  readonly handle: RequestHandler;
}

const HEADERS = {
  'content-type': 'text/plain',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function createHttpAnnounce(options: HttpAnnounceOptions): HttpAnnounces {
  const { tracker, readAddress, intervalSeconds, monotonicMs } = options;
  const announce = (query: string, address: string): Later<Uint8Array> => {
    const request = readAnnounceQuery(query, address);
    if ('failure' in request) return writeFailure(request);
    return soon(tracker.announce(request, monotonicMs()), (answer) => {
      if ('failure' in answer) return writeFailure(answer);
      return request.isCompact
        ? writeCompactAnnounce(answer)
        : writePlainAnnounce(answer, request.wantsPeerIds);
    });
  };
  const scrape = (query: string, address: string): Later<Uint8Array> => {
    const infoHashes = readScrapeQuery(query);
    if ('failure' in infoHashes) return writeFailure(infoHashes);
    return soon(tracker.scrape(infoHashes, address, monotonicMs()), (answer) =>
      'failure' in answer ? writeFailure(answer) : writeScrape(infoHashes, answer, intervalSeconds),
    );
  };
  const routes = new Map([
    ['/announce', announce],
    ['/scrape', scrape],
  ]);
  const answerTo: HttpAnnounces['answerTo'] = (request) => {
    const [path = '', ...query] = (request.url ?? '').split('?');
    const route = routes.get(path);
    return route === undefined ? undefined : route(query.join('?'), readAddress(request));
  };

  return {
    answerTo,
    handle: (request, response) => {
      if (request.method !== 'GET' && routes.has(request.url?.split('?', 1)[0] ?? '')) {
        sendRefusal(response, 'method', { message: 'Only GET is answered here', headers: { allow: 'GET' } });
        return true;
      }
      const answer = answerTo(request);
      if (answer === undefined) return false;
      void soon(answer, (body) =>
        response.writeHead(200, { ...HEADERS, 'content-length': body.length }).end(body),
      );
      return true;
    },
  };
}
