// A plain HTTP server as web seed: ranges, readable by pages of other origins, and as slow as a test wants it.
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

/** @param delayMs before each answer */
export async function serveWebSeed(name: string, content: Buffer, delayMs = 0): Promise<WebSeedServer> {
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
      response.end(content.subarray(start, end + 1));
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
