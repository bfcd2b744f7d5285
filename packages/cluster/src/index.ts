export { Asks } from './asks.ts';
export type { Carrier } from './carrier.ts';
export { Cluster, type ClusterEvents, type ClusterOptions } from './cluster.ts';
export { connectCluster, type ClusterConnection } from './connect.ts';
export { Edge, type EdgeLink } from './edge.ts';
export type { Member, OwnerRules } from './member.ts';
export { createClusterNode, type ClusterNode } from './node.ts';
export { Owner, RemoteLink } from './owner.ts';
export { clusterSettings } from './settings.ts';
