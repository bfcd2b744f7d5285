// What a service refuses, or ends a connection for, and how it says so: one catalogue for all. docs/refusals.md is made of it
// (`npm run generate`). Codes are for programs and stay as they are; sentences are for people. Pure.

export interface Refusal {
  /** Of a request or an upgrade. */
  readonly status?: number;
  /** Of an open WebSocket (RFC 6455 §7.4; from 4000 on ours). */
  readonly close?: number;
  /** Of a mesh member, told in a message (PROTOCOL.md). */
  readonly isToldToMember?: true;
  /** When to come back: after so many seconds, never with the same request, or at once. */
  readonly retry: number | 'never' | 'now';
  readonly sentence: string;
}

export const REFUSALS = {
  // before anything is opened
  connections_full: { status: 503, retry: 15, sentence: 'This relay is full: use another one' },
  turned_away: { status: 503, retry: 15, sentence: 'This relay takes nobody new now: use another one' },
  memory_full: {
    status: 503,
    close: 1013,
    retry: 15,
    sentence: 'This relay has no memory left: use another one',
  },
  address_full: { status: 429, retry: 60, sentence: 'Too many connections from your address' },
  address_rate: { status: 429, retry: 10, sentence: 'Too many requests from your address' },
  draining: { status: 503, close: 1012, retry: 5, sentence: 'This relay restarts' },
  unavailable: { status: 503, retry: 5, sentence: 'What was asked for is not running now' },
  relays_only: { status: 403, retry: 'never', sentence: 'This is for relays only' },
  relays_full: { status: 503, retry: 30, sentence: 'Too many relays connect to this one' },
  origin: { status: 403, retry: 'never', sentence: 'Pages of this origin may not use this relay' },
  not_found: { status: 404, retry: 'never', sentence: 'Nothing is here' },
  bad_request: { status: 400, retry: 'never', sentence: 'This request cannot be read' },
  not_offered: { status: 501, retry: 'never', sentence: 'This is not done here' },
  method: { status: 405, retry: 'never', sentence: 'Only GET, HEAD and OPTIONS are answered here' },
  websocket_wanted: { status: 426, retry: 'never', sentence: 'A WebSocket is wanted here' },
  bad_key: { status: 401, close: 1008, retry: 'never', sentence: 'Invalid key provided' },
  discovery_off: { status: 401, retry: 'never', sentence: 'Ids are not listed here' },
  // of an open connection
  // (what PeerJS's clients show is worded as PeerJS's server words it)
  incomplete: { close: 1008, retry: 'never', sentence: 'No id, token, or key supplied to websocket server' },
  id_taken: { close: 1008, retry: 'never', sentence: 'ID is taken' },
  bad_id: { close: 1008, retry: 'never', sentence: 'Invalid id provided' },
  bad_token: { close: 1008, retry: 'never', sentence: 'Invalid token provided' },
  too_many_faults: { close: 1008, retry: 'now', sentence: 'Too many frames that cannot be read' },
  message_rate: { close: 1008, retry: 10, sentence: 'Too many messages in a short time' },
  unfinished_message: { close: 1008, retry: 'now', sentence: 'A message was begun and not finished in time' },
  connection_memory: { close: 1013, retry: 10, sentence: 'Too much of this connection waits' },
  address_memory: { close: 1013, retry: 60, sentence: 'Too much of your address waits' },
  memory: { close: 1013, retry: 15, sentence: 'This relay has no memory left, and you held the most' },
  slow_reader: { close: 1013, retry: 10, sentence: 'You read too slowly: more waits for you than may' },
  silent: { close: 1008, retry: 'now', sentence: 'No message since the connection was opened' },
  control_frames: { close: 1008, retry: 10, sentence: 'Too many pings, pongs or fragments' },
  bad_handshake: { close: 1008, retry: 'never', sentence: 'This cannot be your first message' },
  peer_exists: { close: 1013, retry: 10, sentence: 'This peer is connected already' },
  binary: { close: 1003, retry: 'never', sentence: 'Only text is read here' },
  idle: { close: 1000, retry: 'now', sentence: 'Nothing was heard of you for too long' },
  moved: { close: 1012, retry: 'now', sentence: 'What served this connection has moved: connect again' },
  replaced: { close: 4000, retry: 'never', sentence: 'Replaced by a newer connection of yours' },
  internal_error: { close: 1011, retry: 'now', sentence: 'A mistake of this relay' },
  // of a mesh member, told in a message; the connection ends where there is a close code
  bad_message: { isToldToMember: true, retry: 'never', sentence: 'This message cannot be read' },
  not_joined: { isToldToMember: true, close: 1008, retry: 'now', sentence: 'A room must be joined first' },
  bad_signature: {
    isToldToMember: true,
    close: 1008,
    retry: 'never',
    sentence: 'The signature does not prove who you are',
  },
  bad_version: {
    isToldToMember: true,
    close: 1008,
    retry: 'never',
    sentence: 'This version is not spoken here',
  },
  too_many_rooms: {
    isToldToMember: true,
    retry: 'never',
    sentence: 'A connection is in one room: open another one',
  },
  room_full: { isToldToMember: true, close: 1008, retry: 60, sentence: 'This room has no place left' },
  rooms_full: {
    isToldToMember: true,
    close: 1008,
    retry: 60,
    sentence: 'There is no place for another room',
  },
  fallback_budget: {
    isToldToMember: true,
    retry: 1,
    sentence: 'This room has sent its share through the server',
  },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof REFUSALS;
type With<K extends keyof Refusal> = {
  [C in RefusalCode]: (typeof REFUSALS)[C] extends Record<K, unknown> ? C : never;
}[RefusalCode];
/** Those that a request can be answered with, those that a connection can end with, and those that a mesh member is told. */
export type HttpRefusalCode = With<'status'>;
export type CloseRefusalCode = With<'close'>;
export type MeshRefusalCode = With<'isToldToMember'>;

/** The body of a refused request. */
export interface RefusalBody {
  readonly error: RefusalCode;
  readonly message: string;
}

export interface HttpRefusal {
  readonly status: number;
  readonly body: RefusalBody;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a request. `random` (0 to 1) spreads those who come back over as much time again. `message` says more than the sentence. */
export function httpRefusal(
  code: HttpRefusalCode,
  { random = 0, retrySeconds, message }: { random?: number; retrySeconds?: number; message?: string } = {},
): HttpRefusal {
  const { status, retry, sentence }: { status: number; retry: Refusal['retry']; sentence: string } =
    REFUSALS[code];
  const seconds = retrySeconds ?? (typeof retry === 'number' ? Math.ceil(retry * (1 + random)) : undefined);
  return {
    status,
    body: { error: code, message: message ?? sentence },
    headers: seconds === undefined ? {} : { 'retry-after': String(seconds) },
  };
}

/** The documented list. */
export function refusalsPage(): string {
  const rows = Object.entries<Refusal>(REFUSALS).map(
    ([code, { status = '', close = '', retry, sentence }]) => {
      const when = typeof retry === 'number' ? `after ${retry} s` : retry;
      return `| \`${code}\` | ${status} | ${close} | ${when} | ${sentence} |`;
    },
  );
  return [
    '# Refusals',
    '',
    'What the services refuse, and what they end a connection for. Made from `packages/protocol/src/refusals.ts` by `npm run generate`.',
    '',
    'A refused request or upgrade is answered with the status, `Retry-After` where there is a time to wait (a random part of it longer, so that not',
    'all come back at once), and `{"error":"<code>","message":"<sentence>"}`. A connection ends with the close code and the sentence; one whose other',
    'end does not read is cut without. What has neither status nor close code is told to a mesh member in a message `refused` (PROTOCOL.md).',
    '',
    '| code | status | close | come back | sentence |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
