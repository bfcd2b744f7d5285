export { createRelaySwarm, type RelaySwarm, type RelaySwarmOptions } from './relay-swarm.ts';
export { formatRelayTable, RELAY_TABLE_FILE } from './files/relay-table-file.ts';
export { loadIdentity } from './proof/identity.ts';
export type { RankedQuery } from './roster/roster.ts';
export { checkRelaySettings, relaySettings, type RelaySettings } from './settings.ts';
export { readOthers } from './health/health-aggregator.ts';
