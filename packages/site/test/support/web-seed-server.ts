// A plain HTTP server as web seed: ranges, readable by pages of other origins, and as slow as a test wants it, or one that stops in the middle.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readRange } from '../../src/stream/range.ts';

export interface WebSeedServer {
  readonly url: string;
  readonly requests: number;
  close(): Promise<void>;
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'Content-Range',
};

export interface WebSeedOptions {
  /** Before each answer. */
  readonly delayMs?: number;
  /** Bytes of the file behind which every answer stands still, until the server is closed. */
  readonly endsAt?: number;
}

export async function serveWebSeed(
  name: string,
  content: Buffer,
  { delayMs = 0, endsAt = content.length }: WebSeedOptions = {},
): Promise<WebSeedServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS).end();
      return;
    }
    requests++;
    const range = readRange(request.headers.range, content.length);
    const { start, end } = typeof range === 'string' ? { start: 0, end: content.length - 1 } : range;
    setTimeout(() => {
      response.writeHead(range === 'whole' ? 200 : 206, {
        ...CORS,
        'content-type': 'video/webm',
        'accept-ranges': 'bytes',
        'content-length': end - start + 1,
        'content-range': `bytes ${start}-${end}/${content.length}`,
      });
      if (end < endsAt) response.end(content.subarray(start, end + 1));
      else response.write(content.subarray(Math.min(start, endsAt), endsAt));
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`,
    get requests() {
      return requests;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
