// The page's side of a stream: gives files addresses below ~stream/, and answers the service worker for them.
import type { StreamChunk, StreamHead, StreamPull, StreamRequest, WorkerOrder } from './protocol.ts';
import { STREAM_PATH } from './protocol.ts';
import { readRange, type ByteRange } from './range.ts';

/** What can be streamed: WebTorrent's files, and anything else with bytes in a row. */
export interface Streamable {
  readonly name: string;
  readonly length: number;
  readonly type: string;
  [Symbol.asyncIterator](range: { start: number; end: number }): AsyncIterator<Uint8Array>;
}

/** A worker is stopped after 30 s without an event, even in the middle of an answer. */
const ALIVE_MS = 15_000;
/** After so long without a question the torrent no longer hurries for this place. It goes on from there at the next question. */
const IDLE_MS = 30_000;
const CONTROL_MS_MAX = 5_000;

interface Stream {
  readonly file: Streamable;
  /** Called whenever an answer is over: all of it is handed on, or nobody wants the rest. */
  readonly answered?: () => void;
}
const streams = new Map<string, Stream>();
let open = 0;
let aliveTimer: ReturnType<typeof setInterval> | undefined;
let ready: Promise<string> | undefined;

/**
 * Makes this page's streams work. Resolves with the address below which they are.
 * @throws where service workers are not allowed here (a sandbox, plain HTTP, some private modes)
 */
export function startStreams(workerUrl: string): Promise<string> {
  ready ??= start(workerUrl);
  ready.catch(() => (ready = undefined));
  return ready;
}

async function start(workerUrl: string): Promise<string> {
  const { serviceWorker: container } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (container === undefined) throw new Error('This browser has no service workers here');
  const registration = await container.register(workerUrl);
  container.addEventListener('message', onMessage);
  container.startMessages();
  await isActive(registration);
  if (container.controller === null) {
    const claimed = new Promise((resolve) =>
      container.addEventListener('controllerchange', resolve, { once: true }),
    );
    registration.active?.postMessage('claim' satisfies WorkerOrder);
    await Promise.race([claimed, wait(CONTROL_MS_MAX)]);
  }
  const base = registration.scope + STREAM_PATH;
  const { status } = await fetch(`${base}ping`);
  if (status !== 204) throw new Error('The service worker does not answer for this page');
  return base;
}

/** `navigator.serviceWorker.ready` resolves while the worker is still activating, and for another scope than ours. */
async function isActive(registration: ServiceWorkerRegistration): Promise<void> {
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker === null || worker.state === 'activated') return;
  await Promise.race([
    new Promise<void>((resolve) => {
      worker.addEventListener('statechange', () => {
        if (worker.state === 'activated' || worker.state === 'redundant') resolve();
      });
    }),
    wait(CONTROL_MS_MAX),
  ]);
}

/** The address of a file, for as long as the page lives or until it is taken back. */
export function addStream(base: string, file: Streamable): string {
  return add(base, { file });
}

/** One more address of the same file, with word of each answer that is over; undefined where it was taken back. */
export function addAnother(url: string, answered: () => void): string | undefined {
  const file = streams.get(tokenOf(url))?.file;
  return file && add(url.slice(0, url.indexOf(STREAM_PATH) + STREAM_PATH.length), { file, answered });
}

export function removeStream(url: string): void {
  streams.delete(tokenOf(url));
}

function add(base: string, stream: Stream): string {
  const token = crypto.randomUUID();
  streams.set(token, stream);
  return `${base}${token}/${encodeURIComponent(stream.file.name)}`;
}

const tokenOf = (url: string): string => url.split(STREAM_PATH)[1]?.split('/')[0] ?? '';

function onMessage(event: MessageEvent<unknown>): void {
  const request = event.data as Partial<StreamRequest> | null;
  if (request?.kind !== 'relay-swarm stream') return;
  const [port] = event.ports;
  if (port === undefined) return;
  const say = (head: StreamHead): void => port.postMessage(head);
  const stream = streams.get(request.token ?? '');
  if (stream === undefined) {
    say({ kind: 'not mine' });
    return;
  }
  const { file } = stream;
  const range = readRange(request.range, file.length);
  const hasBody = request.method === 'GET' && range !== 'unsatisfiable' && file.length > 0;
  say({ kind: 'head', hasBody, ...headOf(file, range, request.isDocument ?? false) });
  if (hasBody) serve(port, stream, range === 'whole' ? { start: 0, end: file.length - 1 } : range);
  else stream.answered?.();
}

function headOf(
  file: Streamable,
  range: ByteRange | 'whole' | 'unsatisfiable',
  isDocument: boolean,
): { status: number; headers: Record<string, string> } {
  const { length } = file;
  const headers = {
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    // What strangers made must not become a page of this site.
    'content-type': isDocument ? 'application/octet-stream' : file.type,
    'content-disposition': `${isDocument ? 'attachment' : 'inline'}; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  };
  if (range === 'unsatisfiable')
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${length}` } };
  if (range === 'whole') return { status: 200, headers: { ...headers, 'content-length': String(length) } };
  const { start, end } = range;
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${start}-${end}/${length}`,
      'content-length': String(end - start + 1),
    },
  };
}

function serve(port: MessagePort, { file, answered }: Stream, { start, end }: ByteRange): void {
  let at = start;
  let iterator: AsyncIterator<Uint8Array> | undefined;
  let idleTimer: ReturnType<typeof setTimeout> | undefined;
  const rest = (): void => {
    clearTimeout(idleTimer);
    void iterator?.return?.();
    iterator = undefined;
  };
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    rest();
    port.close();
    countOpen(-1);
    answered?.();
  };
  const next = async (): Promise<StreamChunk> => {
    if (at > end) return null;
    iterator ??= file[Symbol.asyncIterator]({ start: at, end });
    const result = await iterator.next();
    if (result.done === true) return 'The torrent was closed';
    const { value } = result;
    const bytes = value.subarray(0, end + 1 - at); // asked for the last byte alone, WebTorrent's iterator gives more
    at += bytes.length;
    return bytes;
  };
  countOpen(1);
  port.onmessage = async ({ data }: MessageEvent<StreamPull>) => {
    if (data === 'cancel') {
      close();
      return;
    }
    clearTimeout(idleTimer);
    const chunk = await next().catch((error: unknown) => String(error));
    port.postMessage(chunk);
    if (chunk instanceof Uint8Array) idleTimer = setTimeout(rest, IDLE_MS);
    else close();
  };
}

function countOpen(change: number): void {
  open += change;
  if (open === 0) clearInterval(aliveTimer);
  else if (open === 1 && change === 1)
    aliveTimer = setInterval(
      () => navigator.serviceWorker.controller?.postMessage('alive' satisfies WorkerOrder),
      ALIVE_MS,
    );
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
