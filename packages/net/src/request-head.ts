// Reads the head of the plainest request: a GET without a body that came in one piece (RFC 9112). Anything unusual, well-formed or not, is
// left to Node's HTTP parser, so that only one of the two decides what is a fault. Pure.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** What handshakes and short answers need to know of a request; an IncomingMessage is one too. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Names in small letters. */
  readonly headers: IncomingHttpHeaders;
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

export interface PlainHead extends RequestHead {
  readonly url: string;
  readonly socket: Socket;
  /** Where it ends in what came. */
  readonly bytes: number;
}

const END = '\r\n\r\n';
const METHOD = 'GET ';
const VERSION = ' HTTP/1.1\r\n';
const URL_TEXT = /^\/[\x21-\x7e]*$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
/** Headers that announce more of the request, or ask for an answer in between. */
const MORE = ['content-length', 'transfer-encoding', 'expect', 'trailer'];

/** Undefined where it is not whole, longer than `bytesMax`, or not of the plainest form: each header once, in ASCII, and a Host. */
export function readPlainHead(chunk: Buffer, bytesMax: number, socket: Socket): PlainHead | undefined {
  if (chunk[0] !== 0x47) return undefined; // G
  const end = chunk.subarray(0, bytesMax).indexOf(END);
  if (end < 0) return undefined;
  const text = chunk.toString('latin1', 0, end + 2);
  const lineEnd = text.indexOf('\r\n');
  const urlEnd = lineEnd + 2 - VERSION.length;
  if (!text.startsWith(METHOD) || !text.startsWith(VERSION, urlEnd)) return undefined;
  const url = text.slice(METHOD.length, urlEnd);
  if (!URL_TEXT.test(url)) return undefined;
  const headers = Object.create(null) as Record<string, string>;
  for (let at = lineEnd + 2; at < text.length;) {
    const fieldEnd = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > fieldEnd) return undefined;
    const name = text.slice(at, colon).toLowerCase();
    const value = text.slice(colon + 1, fieldEnd);
    if (!NAME.test(name) || name in headers || !VALUE.test(value)) return undefined;
    headers[name] = value.trim();
    at = fieldEnd + 2;
  }
  if ((headers['host'] ?? '') === '' || MORE.some((name) => name in headers)) return undefined;
  return { method: 'GET', url, headers, socket, bytes: end + END.length };
}

/** Whether it asks for a WebSocket as browsers and libraries do. */
export const asksForWebSocket = ({ headers: { upgrade, connection } }: RequestHead): boolean =>
  upgrade !== undefined &&
  /^websocket$/i.test(upgrade) &&
  /^(keep-alive, ?)?upgrade$/i.test(connection ?? '');
