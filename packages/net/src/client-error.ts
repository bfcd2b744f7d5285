// What is no HTTP, is too large or too slow is answered and cut, as Node does by itself where nobody listens to 'clientError'.
import type { Duplex } from 'node:stream';

const ANSWERS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** For a server's 'clientError'. The connection ends, whether or not the other end reads why. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Duplex & { destroySoon?(): void },
): void {
  if (socket.writable)
    socket.write(`HTTP/1.1 ${ANSWERS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
  socket.destroySoon?.();
}
