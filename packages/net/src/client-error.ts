// What is no HTTP, is too large or too slow is answered and cut, as Node does by itself where nobody listens to 'clientError'.
import type { Duplex } from 'node:stream';

const ANSWERS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What Node's HTTP server gives: it notes on the socket, without a name for others, what it is answering there. */
type ServedSocket = Duplex & {
  destroySoon?(): void;
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
};

/** For a server's 'clientError'. The connection ends, whether or not the other end reads why. A response that has begun is not written into. */
export function answerClientError(error: Error & { code?: string }, socket: ServedSocket): void {
  if (socket.writable && socket._httpMessage?.headersSent !== true)
    socket.write(`HTTP/1.1 ${ANSWERS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  socket.destroySoon?.();
}
