// CreatePermission and ChannelBind (RFC 8656 §10.2, §12.2): which peers an allocation may talk to. The peer policy is applied here,
// and no packet passes without a permission. Pure.
import type { Allocation, Permission } from './allocation.ts';
import { addressBytes, familyOf } from '@relay-swarm/net/ip';
import type { RequestOutcome, Request, Server } from './requests.ts';
import { ATTRIBUTE, CHANNEL_NUMBER_MAX, CHANNEL_NUMBER_MIN } from '../stun/constants.ts';

export function createPermission(server: Server, { message, client, who, nowMs }: Request): RequestOutcome {
  const allocation = server.table.of(client, nowMs);
  if (allocation === undefined) return 437;
  if (allocation.username !== who.username) return 441;

  // All of them or none.
  const permissions = new Map<string, Permission>();
  for (let at = message.find(ATTRIBUTE.xorPeerAddress); at >= 0;) {
    const peer = message.xorAddress(at);
    if (peer === undefined) return 400;
    if (!permissions.has(peer.address)) {
      const permission = permissionFor(server, allocation, peer.address, permissions, nowMs);
      if (typeof permission === 'number') return permission;
      permissions.set(peer.address, permission);
    }
    at = message.find(ATTRIBUTE.xorPeerAddress, at + 1);
  }
  if (permissions.size === 0) return 400;
  if (!allocation.hasMemoryFor(countNew(allocation, permissions), 0)) return 508;
  for (const permission of permissions.values()) allocation.permit(permission, nowMs);
  return () => undefined;
}

export function channelBind(server: Server, { message, client, who, nowMs }: Request): RequestOutcome {
  const allocation = server.table.of(client, nowMs);
  if (allocation === undefined) return 437;
  if (allocation.username !== who.username) return 441;

  const { limits } = server.options;
  const number = message.number(ATTRIBUTE.channelNumber, 2);
  const at = message.find(ATTRIBUTE.xorPeerAddress);
  const peer = at < 0 ? undefined : message.xorAddress(at);
  if (number === undefined || peer === undefined || peer.port === 0) return 400;
  if (number < CHANNEL_NUMBER_MIN || number > CHANNEL_NUMBER_MAX) return 400;

  // One channel, one peer, for as long as the binding lasts.
  const ofNumber = allocation.channels.get(number);
  const isTaken =
    ofNumber !== undefined &&
    ofNumber.expiresAtMs > nowMs &&
    (ofNumber.port !== peer.port || ofNumber.permission.address !== peer.address);
  const ofPeer = allocation.channelOf(peer.address, peer.port, nowMs);
  if (isTaken || (ofPeer !== undefined && ofPeer.number !== number)) return 400;

  const permission = permissionFor(server, allocation, peer.address, new Map(), nowMs);
  if (typeof permission === 'number') return permission;
  if (ofNumber === undefined && allocation.channels.size >= limits.channelsPerAllocationMax) {
    allocation.sweep(nowMs);
    if (allocation.channels.size >= limits.channelsPerAllocationMax) return 508;
  }
  const isNew = !allocation.permissions.has(peer.address);
  if (!allocation.hasMemoryFor(isNew ? 1 : 0, ofNumber === undefined ? 1 : 0)) return 508;
  allocation.bind(number, peer.port, permission, nowMs);
  return () => undefined;
}

/** Those of them that are not there already. */
function countNew({ permissions }: Allocation, others: ReadonlyMap<string, Permission>): number {
  let count = 0;
  for (const address of others.keys()) if (!permissions.has(address)) count++;
  return count;
}

/** The permission that there is, or a new one that is not yet the allocation's; `others` are about to be installed as well. */
function permissionFor(
  server: Server,
  allocation: Allocation,
  address: string,
  others: ReadonlyMap<string, Permission>,
  nowMs: number,
): Permission | 403 | 443 | 508 {
  const relayed = allocation.relayOf(familyOf(address), nowMs);
  const bytes = addressBytes(address);
  if (relayed === undefined || bytes === undefined) return 443;
  const known = allocation.permissions.get(address);
  if (known?.relayed === relayed) return known;

  const isOwnAddress = address === relayed.pool.announced;
  const isReachable = server.mayReach(address);
  if (!isOwnAddress && !isReachable) return 403;
  const isFull = (): boolean => {
    const room = server.options.limits.permissionsPerAllocationMax - allocation.permissions.size;
    return others.size >= room && countNew(allocation, others) >= room;
  };
  if (isFull()) {
    allocation.sweep(nowMs);
    if (isFull()) return 508;
  }
  return {
    address,
    addressBytes: bytes,
    relayed,
    isOwnAddress,
    isReachable,
    channels: new Map(),
    expiresAtMs: 0,
  };
}
