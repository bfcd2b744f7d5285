// Where two tables differ, found by comparing the digests of their buckets. Pure.
import { BUCKETS, HAVE_MAX, type Have, type VersionRef } from '@relay-swarm/protocol';
import { bucketName } from './member.ts';
import type { MemberTable } from './member-table.ts';

/** A digest message's body: eight hexadecimal digits for each bucket. */
export function digestsOf(table: MemberTable): string {
  let digests = '';
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    digests += table.digest(bucket).toString(16).padStart(8, '0');
  return digests;
}

/** What the table has in the buckets that differ, in messages that fit into frames. */
export function differing(table: MemberTable, digests: string): Have[] {
  const messages: Have[] = [];
  let records: VersionRef[] = [];
  let buckets: string[] = [];
  const flush = (): void => {
    if (buckets.length > 0) messages.push({ action: 'have', records, states: [], gone: [], buckets });
    records = [];
    buckets = [];
  };
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const theirs = Number.parseInt(digests.slice(8 * bucket, 8 * bucket + 8), 16);
    if (theirs === table.digest(bucket)) continue;
    const own = [...table.bucket(bucket)].slice(0, HAVE_MAX);
    if (records.length + own.length > HAVE_MAX) flush();
    records.push(...own);
    buckets.push(bucketName(bucket));
  }
  flush();
  return messages;
}

/** Records of these buckets that the other table lacks or has only in an older version. */
export function missingIn(
  theirs: readonly VersionRef[],
  table: MemberTable,
  buckets: readonly string[],
): VersionRef[] {
  const versions = new Map(theirs.map(({ start, version }) => [start, version]));
  const records: VersionRef[] = [];
  for (const bucket of buckets) {
    for (const member of table.bucket(Number.parseInt(bucket, 16))) {
      if ((versions.get(member.start) ?? -1) < member.version) records.push(member);
    }
  }
  return records;
}
