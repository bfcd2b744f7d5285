// A client under a key that one node owns: a peer in a swarm, the holder of a PeerJS id, a member of a room.

export interface Member {
  /** What the owner is chosen by. */
  readonly key: string;
  /** What it is called under that key. */
  readonly id: string;
  /** Whatever else a new owner has to know, in the service's own spelling. */
  readonly state: string;
}

export const writeMember = ({ key, id, state }: Member): Uint8Array =>
  Buffer.from(JSON.stringify([key, id, state]));

/** Undefined where it cannot be read: another version may have written it. */
export function readMember(payload: Buffer): Member | undefined {
  let read: unknown;
  try {
    read = JSON.parse(payload.toString());
  } catch {
    return undefined; // counted by who asked
  }
  if (!Array.isArray(read) || read.length !== 3) return undefined;
  const [key, id, state] = read as unknown[];
  return typeof key === 'string' && typeof id === 'string' && typeof state === 'string'
    ? { key, id, state }
    : undefined;
}

/** Who owns keys: how the service's rules are told what a link is in. L is the service's link. */
export interface OwnerRules<L> {
  /** A message that belongs to a key of this node. */
  receive(link: L, message: Buffer, nowMs: number): void;
  /** It has been in elsewhere, and is now here; false where this node refuses it. */
  join(link: L, member: Member, nowMs: number): boolean;
  leave(link: L, member: Member): void;
  closed(link: L, nowMs: number): void;
}
