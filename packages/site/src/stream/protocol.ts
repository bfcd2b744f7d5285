// What the service worker and the pages say to each other about a stream. A page is asked by its token, which it alone knows.

/** Below the worker's scope; no page of ours has an address that starts so. */
export const STREAM_PATH = '~stream/';

/** Whether only the service worker has what is at this address. */
export const isStream = (address: string): boolean => address.includes(`/${STREAM_PATH}`);

/** Worker → page, with a port for the answer. */
export interface StreamRequest {
  readonly kind: 'relay-swarm stream';
  readonly token: string;
  readonly method: string;
  /** The header of that name. */
  readonly range: string | undefined;
  /** Whether the browser wants to show or save it as a document of its own. */
  readonly isDocument: boolean;
}

/** Page → worker, first: whether this page has the stream, and the head of the answer. */
export type StreamHead =
  | { readonly kind: 'not mine' }
  | {
      readonly kind: 'head';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly hasBody: boolean;
    };

/** Worker → page: a request for the next bytes, or that nobody wants more. */
export type StreamPull = 'pull' | 'cancel';

/** Page → worker: the next bytes; null at the end; a text where something failed. */
export type StreamChunk = Uint8Array | null | string;

/** Page → worker, without a port. `alive` keeps the worker running while it has a stream. */
export type WorkerOrder = 'claim' | 'alive';
