// What the tracker answers over plain HTTP beside announces: its pages, numbers, and the relay swarm's two documents.
import { sendJson, type RequestHandler } from '@relay-swarm/kit';
import { answerPreflight, sendRefusal } from '@relay-swarm/net';
import { isRankingKey, RANKING_KEY_CHARS_MAX } from '@relay-swarm/protocol';
import type { HistoryAnswer } from '@relay-swarm/protocol/history';
import type { RankedQuery } from '@relay-swarm/relay-swarm';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PAGE_HEADERS } from './html.ts';
import { homePage, statsPage, type HomeFacts } from './pages.ts';
import type { Stats } from './stats.ts';

export interface RoutesOptions {
  /** Where clients connect to; where unknown, the page says what the browser asked for. */
  readonly publicUrl: string | undefined;
  readonly facts: () => Omit<HomeFacts, 'announceUrl'>;
  /** Undefined where the operator does not show numbers. */
  readonly stats: (() => Stats) | undefined;
  /** Of one torrent; zeros for one that no peer has announced. */
  readonly torrent: (infoHash: string) => TorrentCounts;
  readonly history: (() => HistoryAnswer) | undefined;
  /** Of all relays, or of those that are ranked first for a key. */
  readonly roster: (ranked?: RankedQuery) => unknown;
  readonly descriptor: () => unknown;
}

export interface TorrentCounts {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

const CORS = { methods: 'GET, HEAD, OPTIONS' } as const;
const ANYBODY = { 'access-control-allow-origin': '*' } as const;
const FOR_SECONDS = { ...ANYBODY, 'cache-control': 'public, max-age=3' } as const;

export function createRoutes(options: RoutesOptions): RequestHandler {
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    const sendPage = (html: string): void => void response.writeHead(200, PAGE_HEADERS).end(html);
    const { stats, history } = options;
    let answer: () => void;
    if (path === '/' || path === '/index.html') {
      answer = () =>
        sendPage(homePage({ ...options.facts(), announceUrl: options.publicUrl ?? urlAsAsked(request) }));
    } else if (path === '/stats' && stats !== undefined) {
      const wantsJson = request.headers.accept === 'application/json';
      answer = () => (wantsJson ? sendJson(response, 200, stats(), ANYBODY) : sendPage(statsPage(stats())));
    } else if (path === '/stats.json' && stats !== undefined)
      answer = () => sendStats(request, response, stats, options.torrent);
    else if (path === '/history.json' && history !== undefined)
      answer = () => sendJson(response, 200, history(), FOR_SECONDS);
    else if (path === '/relays.json') answer = () => sendRoster(request, response, options.roster);
    else if (path === '/.well-known/relay-swarm')
      answer = () => sendJson(response, 200, options.descriptor(), FOR_SECONDS);
    else return false;

    if (request.method === 'GET' || request.method === 'HEAD') answer();
    else if (!answerPreflight(CORS, request, response, ANYBODY))
      sendRefusal(response, 'method', { headers: { ...ANYBODY, allow: CORS.methods } });
    return true;
  };
}

/** `?info_hash=HEX`: the numbers of one torrent, which a scrape tells as well. */
function sendStats(
  request: IncomingMessage,
  response: ServerResponse,
  stats: () => Stats,
  torrent: RoutesOptions['torrent'],
): void {
  const infoHash = new URLSearchParams(request.url?.split('?', 2)[1]).get('info_hash');
  if (infoHash === null) sendJson(response, 200, stats(), ANYBODY);
  else if (/^[0-9a-f]{40}$/i.test(infoHash))
    sendJson(response, 200, torrent(Buffer.from(infoHash, 'hex').toString('latin1')), ANYBODY);
  else {
    const message = 'Cannot read info_hash: wanted 40 hexadecimal digits';
    sendRefusal(response, 'bad_request', { message, headers: ANYBODY });
  }
}

const K_DEFAULT = 3;
const K_MAX = 16;

/** `?key=HEX&k=3`: the first 2k of the ranking for that key (PROTOCOL.md, "The roster"). */
function sendRoster(
  request: IncomingMessage,
  response: ServerResponse,
  roster: RoutesOptions['roster'],
): void {
  const query = new URLSearchParams(request.url?.split('?', 2)[1]);
  const key = query.get('key');
  const k = query.get('k') ?? String(K_DEFAULT);
  if (key === null) sendJson(response, 200, roster(), FOR_SECONDS);
  else if (!isRankingKey(key)) {
    const message = `Cannot rank relays for this key: wanted 1 to ${RANKING_KEY_CHARS_MAX} of 0-9a-f, such as an info hash in lowercase`;
    sendRefusal(response, 'bad_request', { message, headers: ANYBODY });
  } else if (!/^[1-9]\d?$/.test(k) || Number(k) > K_MAX) {
    const message = `Cannot read k: wanted a whole number from 1 to ${K_MAX}`;
    sendRefusal(response, 'bad_request', { message, headers: ANYBODY });
  } else sendJson(response, 200, roster({ key, k: Number(k) }), FOR_SECONDS);
}

/** The page's own address as a WebSocket URL; a Host header that is none gives a placeholder. */
function urlAsAsked(request: IncomingMessage): string {
  const scheme = request.headers['x-forwarded-proto'] === 'https' ? 'wss' : 'ws';
  const host = request.headers.host ?? '';
  return /^[a-z0-9.:[\]-]{1,255}$/i.test(host) ? `${scheme}://${host}` : 'wss://this.host';
}
