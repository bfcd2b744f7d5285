// The real @graffiti-garden/tracker-client, for Node. It is made for pages: its package does not say that it is an ES module, so Node
// will not load it, and it takes WebSocket from its surroundings. Its own text is run unchanged but for its chatter on the console.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { bundle } from '../../../test/support/esbuild.mjs';

export interface Update {
  readonly action: 'announce' | 'unannounce';
  readonly peer: string;
  readonly info_hash?: string;
}

/** One connection to one relay. */
export interface TrackerSingle {
  readonly open: boolean;
  readonly ws: WebSocket;
  tilOpen(): Promise<void>;
  request(action: string, ...infoHashes: string[]): Promise<string>;
  close(): void;
}

export interface TrackerClient {
  announce(...infoHashes: string[]): Promise<string[]>;
  unannounce(...infoHashes: string[]): Promise<string[]>;
  subscribe(infoHash: string, signal?: AbortSignal): AsyncGenerator<Update>;
  readonly trackers: readonly TrackerSingle[];
}

export interface GraffitiLibrary {
  readonly TrackerClient: new (peerProof: string, urls: string[]) => TrackerClient;
  readonly TrackerSingle: new (
    peerProof: string,
    url: string,
    onUpdate: (update: Update) => void,
    onError?: (detail: string) => void,
  ) => TrackerSingle;
  readonly randomHash: () => Promise<string>;
  readonly sha256Hex: (text: string) => Promise<string>;
}

/** A page's WebSocket does not throw where nobody listens to its errors. */
class PageWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
  }
}

const root = join(import.meta.dirname, '../../..');
/** An ES module of the library's parts, to be bundled. */
export const graffitiModule = `
  import TrackerClient from '@graffiti-garden/tracker-client/tracker-client.js';
  import TrackerSingle from '@graffiti-garden/tracker-client/src/tracker-single.js';
  import { randomHash, sha256Hex } from '@graffiti-garden/tracker-client/src/util.js';
  export { randomHash, sha256Hex, TrackerClient, TrackerSingle };
`;

export async function loadGraffitiLibrary(): Promise<GraffitiLibrary> {
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'graffiti-'));
  const outfile = join(folder, 'graffiti.mjs');
  await bundle({
    stdin: { contents: graffitiModule, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    format: 'esm',
    drop: ['console'],
    logLevel: 'error',
  });
  Object.assign(globalThis, { WebSocket: PageWebSocket });
  try {
    return (await import(outfile)) as GraffitiLibrary;
  } finally {
    await rm(folder, { recursive: true });
  }
}
