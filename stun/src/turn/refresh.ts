// The Refresh request (RFC 8656 §8.2): a longer life, or with 0 the end at once. Pure.
import { familyFrom } from './allocate.ts';
import { lifetimeMs, type RequestOutcome, type Request, type Server } from './requests.ts';
import { ATTRIBUTE } from '../stun/constants.ts';

export function refresh(server: Server, { message, client, who, nowMs }: Request): RequestOutcome {
  const allocation = server.table.of(client, nowMs);
  if (allocation === undefined) return 437;
  if (allocation.username !== who.username) return 441;
  const longer = lifetimeMs(server, message);
  if (longer === undefined) return 400;

  let relayedAddresses = [...allocation.relayedAddresses];
  if (message.has(ATTRIBUTE.requestedAddressFamily)) {
    const family = familyFrom(message.number(ATTRIBUTE.requestedAddressFamily, 1));
    if (family === undefined) return 440;
    relayedAddresses = relayedAddresses.filter((relayed) => relayed.family === family);
    if (relayedAddresses.length === 0) return 443;
  }
  const lifetime = message.number(ATTRIBUTE.lifetime, 4) === 0 ? 0 : longer;
  for (const relayed of relayedAddresses) {
    if (lifetime === 0) server.table.endRelayed(allocation, relayed);
    else relayed.expiresAtMs = nowMs + lifetime;
  }
  return (response) => response.number(ATTRIBUTE.lifetime, lifetime / 1000);
}
