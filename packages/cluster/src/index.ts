export { Cluster, type ClusterEvents, type ClusterOptions } from './cluster.ts';
export type { Carrier } from './carrier.ts';
export { Edge, type EdgeLink } from './edge.ts';
export { Owner, RemoteLink } from './owner.ts';
export type { Member, OwnerRules } from './member.ts';
