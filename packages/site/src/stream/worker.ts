// The service worker: answers requests below ~stream/ with bytes that a page has or is about to get. The page that asks is asked first; only
// when it does not have the stream are the others asked (a link opened in a tab of its own, a download), and a page that does not have it
// never answers for one that does: WebTorrent's own worker takes the first answer of any tab, which is a 404 in most cases with two tabs.
import {
  STREAM_PATH,
  type StreamChunk,
  type StreamHead,
  type StreamPull,
  type StreamRequest,
} from './protocol.ts';

interface Client {
  readonly id: string;
  postMessage(message: StreamRequest, transfer: Transferable[]): void;
}
interface Event_ extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent_ extends Event_ {
  readonly request: Request;
  readonly clientId: string;
  respondWith(response: Promise<Response>): void;
}
/** The part of ServiceWorkerGlobalScope used here: TypeScript's library for workers cannot stand beside the one for pages. */
interface Worker_ {
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    get(id: string): Promise<Client | undefined>;
    matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly Client[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Event_) => void): void;
  addEventListener(type: 'message', listener: (event: Event_ & { data: unknown }) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent_) => void): void;
}
const worker = globalThis as unknown as Worker_;

/** How long the page that asks is waited for before the others are asked too: it may be busy. */
const OWN_PAGE_MS = 2_000;
const ANSWER_MS_MAX = 30_000;

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('message', (event) => {
  // A page that was reloaded without its worker (with the shift key) has none until it is claimed. Any message keeps the worker alive.
  if (event.data === 'claim') event.waitUntil(worker.clients.claim());
});
worker.addEventListener('fetch', (event) => {
  const prefix = worker.registration.scope + STREAM_PATH;
  const { url } = event.request;
  if (!url.startsWith(prefix)) return;
  const [token = ''] = url.slice(prefix.length).split(/[/?#]/, 1);
  event.respondWith(
    token === 'ping' ? Promise.resolve(new Response(null, { status: 204 })) : answer(event, token),
  );
});

async function answer(event: FetchEvent_, token: string): Promise<Response> {
  const { request, clientId } = event;
  const message: StreamRequest = {
    kind: 'relay-swarm stream',
    token,
    method: request.method,
    range: request.headers.get('range') ?? undefined,
    isDocument: ['document', 'iframe', 'frame'].includes(request.destination),
  };
  const found = await findOwner(clientId, message);
  if (typeof found === 'string') {
    const status = found === 'nobody' ? 404 : 504;
    return new Response('This stream has ended: the page that it belongs to is closed.', { status });
  }
  const { head, port } = found;
  const { status, headers, hasBody } = head;
  if (!hasBody) port.close();
  return new Response(hasBody ? bodyFrom(port) : null, { status, headers });
}

interface Owner {
  readonly head: Extract<StreamHead, { kind: 'head' }>;
  readonly port: MessagePort;
}

/** The page that has the stream; 'nobody' once all have said that they do not; 'silence' where some never answered. */
async function findOwner(ownId: string, message: StreamRequest): Promise<Owner | 'nobody' | 'silence'> {
  const own = ownId === '' ? undefined : await worker.clients.get(ownId);
  return new Promise((resolve) => {
    let open = 0;
    let isEverybodyAsked = false;
    const settle = (): void => {
      if (open > 0) return;
      if (isEverybodyAsked) resolve('nobody');
      else void askOthers();
    };
    const ask = (client: Client): void => {
      open++;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }: MessageEvent<StreamHead>) => {
        open--;
        if (data.kind === 'head') resolve({ head: data, port: port1 });
        else {
          port1.close();
          settle();
        }
      };
      client.postMessage(message, [port2]);
    };
    const askOthers = async (): Promise<void> => {
      if (isEverybodyAsked) return;
      isEverybodyAsked = true;
      const all = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
      for (const client of all) if (client.id !== own?.id) ask(client);
      settle();
    };
    if (own === undefined) void askOthers();
    else {
      ask(own);
      setTimeout(() => void askOthers(), OWN_PAGE_MS);
    }
    setTimeout(() => resolve('silence'), ANSWER_MS_MAX);
  });
}

/** One piece for each pull: while the player has enough, the page sends nothing, and nothing piles up in memory. */
function bodyFrom(port: MessagePort): ReadableStream<Uint8Array> {
  const say = (pull: StreamPull): void => port.postMessage(pull);
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        new Promise<void>((resolve) => {
          port.onmessage = ({ data }: MessageEvent<StreamChunk>) => {
            if (data instanceof Uint8Array) controller.enqueue(data);
            else {
              if (data === null) controller.close();
              else controller.error(new Error(data));
              port.close();
            }
            resolve();
          };
          say('pull');
        }),
      cancel: () => {
        say('cancel');
        port.close();
      },
    },
    { highWaterMark: 0 },
  );
}
