// What the tracker answers over plain HTTP beside announces: its pages, numbers, and the relay swarm's two documents.
import { sendJson, type RequestHandler } from '@relay-swarm/kit';
import { answerPreflight } from '@relay-swarm/net';
import type { IncomingMessage } from 'node:http';
import { PAGE_HEADERS } from './html.ts';
import { homePage, statsPage, type HomeFacts } from './pages.ts';
import type { Stats } from './stats.ts';

export interface RoutesOptions {
  /** Where clients connect to; where unknown, the page says what the browser asked for. */
  readonly publicUrl: string | undefined;
  readonly facts: () => Omit<HomeFacts, 'announceUrl'>;
  /** Undefined where the operator does not show numbers. */
  readonly stats: (() => Stats) | undefined;
  readonly roster: () => unknown;
  readonly descriptor: () => unknown;
}

const CORS = { methods: 'GET, HEAD, OPTIONS' } as const;
const ANYBODY = { 'access-control-allow-origin': '*' } as const;
const FOR_SECONDS = { ...ANYBODY, 'cache-control': 'public, max-age=3' } as const;

export function createRoutes(options: RoutesOptions): RequestHandler {
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    const sendPage = (html: string): void => void response.writeHead(200, PAGE_HEADERS).end(html);
    const { stats } = options;
    let answer: () => void;
    if (path === '/' || path === '/index.html') {
      answer = () =>
        sendPage(homePage({ ...options.facts(), announceUrl: options.publicUrl ?? urlAsAsked(request) }));
    } else if (path === '/stats' && stats !== undefined) {
      const wantsJson = request.headers.accept === 'application/json';
      answer = () => (wantsJson ? sendJson(response, 200, stats(), ANYBODY) : sendPage(statsPage(stats())));
    } else if (path === '/stats.json' && stats !== undefined)
      answer = () => sendJson(response, 200, stats(), ANYBODY);
    else if (path === '/relays.json') answer = () => sendJson(response, 200, options.roster(), FOR_SECONDS);
    else if (path === '/.well-known/relay-swarm')
      answer = () => sendJson(response, 200, options.descriptor(), FOR_SECONDS);
    else return false;

    if (request.method === 'GET' || request.method === 'HEAD') answer();
    else if (!answerPreflight(CORS, request, response, ANYBODY))
      sendJson(response, 405, { error: 'Only GET is answered here' }, { allow: CORS.methods });
    return true;
  };
}

/** The page's own address as a WebSocket URL; a Host header that is none gives a placeholder. */
function urlAsAsked(request: IncomingMessage): string {
  const scheme = request.headers['x-forwarded-proto'] === 'https' ? 'wss' : 'ws';
  const host = request.headers.host ?? '';
  return /^[a-z0-9.:[\]-]{1,255}$/i.test(host) ? `${scheme}://${host}` : 'wss://this.host';
}
