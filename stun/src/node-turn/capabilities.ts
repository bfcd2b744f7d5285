// What node-turn can do behind our guard, and what its users have to know.
import type { TurnCapabilities } from '../engine.ts';

export const capabilities: TurnCapabilities = {
  transports: ['udp'],
  ipv6Listeners: false,
  relayedAddressFamilies: [4],
  dualAllocation: false,
  channelData: true,
  refresh: true,
  evenPort: false,
  reservationToken: false,
  dontFragment: false,
  idempotentAllocate: true,
  messageIntegritySha256: true,
  peerPolicy: true,
  quotas: true,
  bandwidthLimit: true,
  relayToRelayInProcess: true,
  proxyProtocol: false,
  tlsReload: false,
  drain: true,
  warnings: [
    'node-turn speaks UDP only: browsers behind firewalls that block UDP get no relay (no TURN over TCP or TLS)',
    'node-turn speaks IPv4 only, to clients and to peers',
    'node-turn listens on the addresses that this machine has when it starts: those that come later are not answered',
    'node-turn gives every allocation the default lifetime, whatever an Allocate asks for',
    'node-turn loses datagrams from peers that are shorter than 4 bytes or look like ChannelData, and may reorder Data indications',
    'node-turn has had no release since 2020; STUN_ENGINE=native has none of these limits and relays more packets for the same processor time',
  ],
};
