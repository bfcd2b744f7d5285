export { createRelaySwarm, type RelaySwarm, type RelaySwarmOptions } from './relay-swarm.ts';
export { loadIdentity } from './proof/identity.ts';
export type { RankedQuery } from './roster/roster.ts';
export { checkRelaySettings, relaySettings, type RelaySettings } from './settings.ts';
export { readOthers } from './health/health-aggregator.ts';
