// One relay of the table: its record, and what is needed to compare and to find it. Immutable, so that all who hold it may share it. Pure.
import { BUCKETS, idStart, rankingWeight, type RelayRecord } from '@relay-swarm/protocol';

export interface Member {
  readonly record: RelayRecord;
  /** The start of its id, by which everybody knows it. */
  readonly start: string;
  /** When its descriptor was issued. */
  readonly version: number;
  /** 32 bits of both, for the digest of its bucket. */
  readonly digest: number;
}

export function createMember(record: RelayRecord): Member {
  const { id, issuedAt } = record.descriptor;
  const start = idStart(id);
  return { record, start, version: issuedAt, digest: rankingWeight(start, issuedAt.toString(36)) };
}

/** Which of the 256 buckets a relay is in: the first two characters of its id. */
export const bucketOf = (start: string): number => Number.parseInt(start.slice(0, 2), 16) % BUCKETS;
export const bucketName = (bucket: number): string => bucket.toString(16).padStart(2, '0');
