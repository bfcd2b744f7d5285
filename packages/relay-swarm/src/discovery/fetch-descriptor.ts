// Asks a candidate who it is: GET /.well-known/relay-swarm. The answer comes from a stranger.
import type { AddressGuard } from '@relay-swarm/net';
import {
  decodeDescriptor,
  DESCRIPTOR_CHARS_MAX,
  DESCRIPTOR_PATH,
  type SignedDescriptor,
} from '@relay-swarm/protocol';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

const FETCH_MS_MAX = 5_000;

/** `origin` is "http://host:port" or a relay's https: URL. Rejects on anything but a small 200 in time; follows nothing. */
export async function fetchDescriptor(
  origin: string,
  guard: AddressGuard,
  millisecondsMax = FETCH_MS_MAX,
): Promise<SignedDescriptor> {
  const url = new URL(origin.replace(/\/$/, '') + DESCRIPTOR_PATH);
  await guard.checkAddressIn(url);
  // One deadline for everything, so that one byte a second gets nobody further
  const signal = AbortSignal.timeout(millisecondsMax);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    send(url, { agent: false, lookup: guard.lookup, signal, headers: { accept: 'application/json' } })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
  try {
    if (response.statusCode !== 200) {
      throw new Error(`Cannot read ${url.href}: found status ${response.statusCode}, wanted 200`);
    }
    return decodeDescriptor(await readBody(response, url.href));
  } finally {
    response.destroy();
  }
}

async function readBody(response: IncomingMessage, what: string): Promise<string> {
  const bytesMax = DESCRIPTOR_CHARS_MAX * 2;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`Cannot read ${what}: the most is ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
