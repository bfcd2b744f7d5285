// The settings of a service on several nodes. Without CLUSTER_URL there is no cluster, and nothing of it is made.
import { list, readUrl, secret } from '@relay-swarm/kit';

const SERVERS_MAX = 16;

export const clusterSettings = {
  clusterUrl: list(
    'CLUSTER_URL',
    {
      of: 'nats:// or tls:// URLs',
      itemsMax: SERVERS_MAX,
      item: (text) => readUrl(text, ['nats:', 'tls:']),
      default: [],
    },
    'The nats-server that joins the nodes of one domain; several where they form a cluster themselves. Empty: one node, no cluster (docs/cluster.md)',
  ),
  clusterToken: secret(
    'CLUSTER_TOKEN',
    { charsMin: 32, default: '' },
    'What nodes show to the nats-server; the same on all of them',
  ),
};
