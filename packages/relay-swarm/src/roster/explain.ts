// For operators: every relay that is known, and why it is offered or not. Written to relay-table.json, read by scripts/relays. Pure.
import type { Membership } from '../membership/membership.ts';
import type { KnownRelay } from './known-relay.ts';
import type { RelayTable } from './relay-table.ts';

export interface ExplainedRelay {
  readonly id: string;
  readonly url: string;
  /** `session`, `offered`, `suspected`, `unproven`, `down`, `lost` or `draining`. */
  readonly status: string;
  readonly why: string;
}

export interface ExplainSources {
  readonly relays: RelayTable;
  readonly membership: Membership;
  readonly selfId: string;
  readonly nowMs: number;
}

/** At most `countMax`, those that are not offered first, since operators ask about them. */
export function explainRelays(sources: ExplainSources, countMax: number): ExplainedRelay[] {
  const { relays, membership, selfId, nowMs } = sources;
  const explained = new Map<string, ExplainedRelay>();
  const add = (id: string, url: string, status: string, why: string): void => {
    if (id !== selfId && !explained.has(id)) explained.set(id, { id, url, status, why });
  };
  for (const relay of relays.all()) {
    const { descriptor, liveness } = relay;
    if (liveness.isSeen(nowMs)) add(descriptor.id, descriptor.url, ...explainNear(relay, sources));
  }
  for (const { member, words, tries } of membership.unproven.all()) {
    const { id, url } = member.record.descriptor;
    const spoken = `${words.size} ${words.size === 1 ? 'relay speaks' : 'relays speak'} for it`;
    add(id, url, 'unproven', `${spoken}, three networks are wanted; dialled in vain ${tries} times`);
  }
  for (const { member, sinceMs, failures } of membership.down.all()) {
    const { id, url } = member.record.descriptor;
    add(id, url, 'down', `has not answered for ${minutes(nowMs - sinceMs)}; dialled ${failures} times since`);
  }
  for (const { record, start } of membership.table.all()) {
    const { id, url } = record.descriptor;
    if (membership.isSuspected(start))
      add(id, url, 'suspected', 'somebody says that it does not answer; it is being dialled');
    else if (!membership.isOffered(start)) add(id, url, 'draining', 'it has said that it is about to stop');
    else {
      const provenAtMs = membership.provenAtMs(id);
      add(
        id,
        url,
        'offered',
        provenAtMs === undefined
          ? 'three networks speak for it'
          : `has answered us ${minutes(nowMs - provenAtMs)} ago`,
      );
    }
  }
  for (const { descriptor, dial } of relays.all()) {
    add(descriptor.id, descriptor.url, 'unproven', `heard of; dialled in vain ${dial.failures} times`);
  }
  const all = [...explained.values()];
  const isOffered = ({ status }: ExplainedRelay): number => (status === 'offered' ? 1 : 0);
  return all.sort((a, b) => isOffered(a) - isOffered(b) || (a.url < b.url ? -1 : 1)).slice(0, countMax);
}

function explainNear(relay: KnownRelay, { relays, nowMs }: ExplainSources): [string, string] {
  const { liveness, descriptor, dial } = relay;
  if (relays.isOffered(relay, nowMs)) return ['session', 'there is a session with it'];
  if (!liveness.isConnected)
    return ['lost', `its session has ended; dialled in vain ${dial.failures} times since`];
  if (!relays.isProven(descriptor.id, nowMs))
    return ['unproven', 'it has opened a session; its URL has not answered yet'];
  if (liveness.health?.state === 'draining') return ['draining', 'it has said that it is about to stop'];
  return ['suspected', 'a ping waits for its answer, or its status is late'];
}

const minutes = (ms: number): string =>
  ms < 60_000 ? 'less than a minute' : `${Math.round(ms / 60_000)} minutes`;
