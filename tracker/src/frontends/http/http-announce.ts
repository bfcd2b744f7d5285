// GET /announce and GET /scrape, for clients that bring no WebRTC. Every answer is 200 and bencoded, refusals too: clients look into the
// body of nothing else.
import type { RequestHandler } from '@relay-swarm/kit';
import type { AddressReader } from '@relay-swarm/net';
import { soon, type IpTracker, type Later } from '../ip-announce.ts';
import { readAnnounceQuery, readScrapeQuery } from './query.ts';
import { writeCompactAnnounce, writeFailure, writePlainAnnounce, writeScrape } from './replies.ts';

export interface HttpAnnounceOptions {
  readonly tracker: IpTracker;
  readonly readAddress: AddressReader;
  readonly intervalSeconds: number;
  readonly now: () => number;
}

export function createHttpAnnounce(options: HttpAnnounceOptions): RequestHandler {
  const { tracker, readAddress, intervalSeconds, now } = options;
  const announce = (query: string, address: string): Later<Uint8Array> => {
    const request = readAnnounceQuery(query, address);
    if ('failure' in request) return writeFailure(request);
    return soon(tracker.announce(request, now()), (answer) => {
      if ('failure' in answer) return writeFailure(answer);
      return request.isCompact
        ? writeCompactAnnounce(answer)
        : writePlainAnnounce(answer, request.wantsPeerIds);
    });
  };
  const scrape = (query: string, address: string): Later<Uint8Array> => {
    const infoHashes = readScrapeQuery(query);
    if ('failure' in infoHashes) return writeFailure(infoHashes);
    return soon(tracker.scrape(infoHashes, address, now()), (answer) =>
      'failure' in answer ? writeFailure(answer) : writeScrape(infoHashes, answer, intervalSeconds),
    );
  };
  const routes = new Map([
    ['/announce', announce],
    ['/scrape', scrape],
  ]);

  return (request, response) => {
    const [path = '', ...query] = (request.url ?? '').split('?');
    const route = routes.get(path);
    if (route === undefined) return false;
    if (request.method !== 'GET') {
      response.writeHead(405, { allow: 'GET' }).end();
      return true;
    }
    void soon(route(query.join('?'), readAddress(request)), (body) =>
      response
        .writeHead(200, {
          'content-type': 'text/plain',
          'content-length': body.length,
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        })
        .end(body),
    );
    return true;
  };
}
