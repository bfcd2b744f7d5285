// What a page uses of relay-swarm.
export { infoHashKey, textKey } from '@relay-swarm/protocol/ranking';
export type { RosterRelay } from '@relay-swarm/protocol/roster';
export * from './errors.ts';
export { RELAYS_PER_KEY, Roster, type RosterEvents, type RosterOptions } from './roster.ts';
export type { TextStore } from './roster-cache.ts';
