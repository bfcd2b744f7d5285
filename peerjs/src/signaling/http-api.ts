// PeerJS's HTTP API: a greeting, a free id, and the list of peers where the operator allows it.
import { sendJson } from '@relay-swarm/kit';
import { answerPreflight, corsHeaders, sendRefusal, type CorsRule, type OriginCheck } from '@relay-swarm/net';
import type { HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { SignalingEngine } from './engine.ts';

export type ApiRoute = 'welcome' | 'id' | 'peers' | 'bad_key' | 'not_found';

/** What a request asks for. The key stands before the question: `<path><key>/id`. Pure. */
export function findApiRoute(url: string, api: { readonly path: string; readonly key: string }): ApiRoute {
  const [path = ''] = url.split('?', 1);
  if (path === api.path || `${path}/` === api.path) return 'welcome';
  if (!path.startsWith(api.path)) return 'not_found';
  const [key, method, ...more] = path.slice(api.path.length).split('/');
  if (more.length > 0 || (method !== 'id' && method !== 'peers')) return 'not_found';
  return key === api.key ? method : 'bad_key';
}

export interface HttpApiOptions {
  readonly path: string;
  readonly key: string;
  readonly isDiscoverable: boolean;
  /** Whose pages may read the answers; undefined: everybody's. */
  readonly origins: OriginCheck | undefined;
  readonly engine: Pick<SignalingEngine<never>, 'ids' | 'has'>;
  /** Counts a refusal. */
  readonly refused: (code: HttpRefusalCode) => void;
}

const WELCOME = {
  name: 'relay-swarm PeerJS signaling',
  description: 'Introduces PeerJS clients to each other',
  website: 'https://peerjs.com/',
};

export function createHttpApi(
  options: HttpApiOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { engine, isDiscoverable, origins } = options;
  const cors: CorsRule = { methods: 'GET, HEAD, OPTIONS', origins };

  const refuse = (response: ServerResponse, code: HttpRefusalCode, headers: OutgoingHttpHeaders): void => {
    options.refused(code);
    sendRefusal(response, code, { headers });
  };

  return (request, response) => {
    const headers = corsHeaders(cors, request);
    if (headers === undefined) {
      refuse(response, 'origin', {});
      return;
    }
    const route = findApiRoute(request.url ?? '', options);
    if (route === 'bad_key' || route === 'not_found') refuse(response, route, headers);
    else if (answerPreflight(cors, request, response, headers)) return;
    else if (route === 'welcome') sendJson(response, 200, WELCOME, headers);
    else if (route === 'id') sendId(response, freeId(engine), headers);
    else if (isDiscoverable) void sendIds(response, engine.ids, headers);
    else refuse(response, 'discovery_off', headers);
  };
}

/** PeerJS's client reads it as text. The id is not reserved, but cannot be guessed. */
function sendId(response: ServerResponse, id: string, headers: OutgoingHttpHeaders): void {
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(id);
}

async function sendIds(
  response: ServerResponse,
  ids: SignalingEngine<never>['ids'],
  headers: OutgoingHttpHeaders,
): Promise<void> {
  sendJson(response, 200, [...(ids instanceof Promise ? await ids : ids)], headers);
}

function freeId(engine: Pick<SignalingEngine<never>, 'has'>): string {
  for (;;) {
    const id = randomUUID();
    if (!engine.has(id)) return id;
  }
}
