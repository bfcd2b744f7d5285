// The Allocate request (RFC 8656 §7.2). Pure.
import type { AddressFamily } from '../engine.ts';
import type { AllocateRequest } from './allocation-table.ts';
import { lifetimeMs, type RequestOutcome, type Request, type Server } from './requests.ts';
import {
  ATTRIBUTE,
  FAMILY_IPV4,
  FAMILY_IPV6,
  PROTOCOL_UDP,
  RESERVATION_TOKEN_BYTES,
  type ErrorCode,
} from '../stun/constants.ts';

export function allocate(server: Server, request: Request): RequestOutcome {
  const { message, client, who, nowMs } = request;
  const existing = server.table.of(client, nowMs);
  if (existing !== undefined) {
    return existing.transactionId.equals(message.transactionId) ? existing.response : 437;
  }
  const wanted = readAllocateRequest(server, request);
  if (typeof wanted === 'number') return wanted;
  const result = server.table.create(client, who, wanted, nowMs);
  if (typeof result === 'number') return result;

  const { allocation, token, missing } = result;
  return (response) => {
    for (const { pool, port } of allocation.relayedAddresses) {
      response.xorAddress(ATTRIBUTE.xorRelayedAddress, pool.announced, port);
    }
    response.number(ATTRIBUTE.lifetime, wanted.lifetimeMs / 1000);
    if (token !== undefined) response.bytes(ATTRIBUTE.reservationToken, token);
    response.xorAddress(ATTRIBUTE.xorMappedAddress, client.address, client.port);
    for (const family of missing) {
      response.addressErrorCode(
        family === 4 ? FAMILY_IPV4 : FAMILY_IPV6,
        server.table.supports(family) ? 508 : 440,
      );
    }
  };
}

function readAllocateRequest(server: Server, { message }: Request): AllocateRequest | ErrorCode {
  const transport = message.number(ATTRIBUTE.requestedTransport, 1);
  if (transport === undefined) return 400;
  if (transport !== PROTOCOL_UDP) return 442;
  const lifetime = lifetimeMs(server, message);
  if (lifetime === undefined) return 400;

  const hasEvenPort = message.has(ATTRIBUTE.evenPort);
  const hasFamily = message.has(ATTRIBUTE.requestedAddressFamily);
  const isDual = message.has(ATTRIBUTE.additionalAddressFamily);
  const token = message.bytes(ATTRIBUTE.reservationToken);
  if (token !== undefined) {
    if (hasEvenPort || hasFamily || isDual || token.length !== RESERVATION_TOKEN_BYTES) return 400;
    return { families: [4], port: 'any', token: token.toString('hex'), lifetimeMs: lifetime };
  }
  if (isDual && hasFamily) return 400;

  const even = message.number(ATTRIBUTE.evenPort, 1);
  if (hasEvenPort && even === undefined) return 400;
  const port = even === undefined ? 'any' : even >= 0x80 ? 'evenAndReserveNext' : 'even';
  if (isDual) {
    if (message.number(ATTRIBUTE.additionalAddressFamily, 1) !== FAMILY_IPV6) return 400;
    if (port === 'evenAndReserveNext') return 400;
    if (!server.table.supports(4) && !server.table.supports(6)) return 440;
    return { families: [4, 6], port, token: undefined, lifetimeMs: lifetime };
  }
  const family = hasFamily ? familyFrom(message.number(ATTRIBUTE.requestedAddressFamily, 1)) : 4;
  if (family === undefined || !server.table.supports(family)) return 440;
  return { families: [family], port, token: undefined, lifetimeMs: lifetime };
}

export const familyFrom = (value: number | undefined): AddressFamily | undefined =>
  value === FAMILY_IPV4 ? 4 : value === FAMILY_IPV6 ? 6 : undefined;
