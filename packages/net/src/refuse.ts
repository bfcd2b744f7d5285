// Refuses a request or an upgrade by the catalogue of refusals, everywhere in the same words and the same shape.
import { sendJson } from '@relay-swarm/kit';
import { httpRefusal, type HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from './upgrade.ts';

export interface RefusalDetails {
  /** From 0 to 1: spreads the times at which refused clients come back. */
  readonly random?: number;
  /** Where it is known better than the catalogue knows it. */
  readonly retrySeconds?: number;
  /** Says more than the catalogue's sentence. */
  readonly message?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Further fields of the body, such as other relays. */
  readonly more?: object;
}

export function sendRefusal(
  response: ServerResponse,
  code: HttpRefusalCode,
  { headers, more, ...details }: RefusalDetails = {},
): void {
  const refusal = httpRefusal(code, details);
  sendJson(response, refusal.status, { ...more, ...refusal.body }, { ...refusal.headers, ...headers });
}

/** Answers an upgrade and closes. */
export function rejectUpgrade(
  socket: Duplex,
  code: HttpRefusalCode,
  {
    headers,
    more,
    ...details
  }: Omit<RefusalDetails, 'headers'> & {
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): void {
  const refusal = httpRefusal(code, details);
  refuseUpgrade(
    socket,
    refusal.status,
    { ...more, ...refusal.body },
    { 'cache-control': 'no-store', ...refusal.headers, ...headers },
  );
}
