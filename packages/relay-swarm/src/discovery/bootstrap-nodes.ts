// The DHT nodes to start from: every IPv4 address of each name. The library itself would ask only one address of each name, and would
// find nothing where that one is IPv6 or does not answer.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { DhtNode } from 'bittorrent-dht';

const NODES_MAX = 64;

export type ResolveIpv4 = (host: string) => Promise<readonly string[]>;

export const resolveIpv4: ResolveIpv4 = async (host) =>
  (await lookup(host, { all: true, family: 4 })).map(({ address }) => address);

export interface BootstrapNodes {
  readonly nodes: readonly DhtNode[];
  /** Names that could not be resolved, and why: `dht.example (ENOTFOUND)`. */
  readonly failed: readonly string[];
}

export async function resolveBootstrap(
  bootstrap: readonly DhtNode[],
  resolve: ResolveIpv4 = resolveIpv4,
): Promise<BootstrapNodes> {
  const failed: string[] = [];
  const found = await Promise.all(
    bootstrap.map(async ({ host, port }) => {
      if (isIP(host) === 4) return [{ host, port }];
      try {
        return (await resolve(host)).map((address) => ({ host: address, port }));
      } catch (error) {
        failed.push(`${host} (${(error as NodeJS.ErrnoException).code ?? 'no IPv4 address'})`);
        return [];
      }
    }),
  );
  // The first address of every name before the second of any.
  const rounds = Math.max(0, ...found.map(({ length }) => length));
  const nodes = Array.from({ length: rounds }, (_, i) =>
    found.flatMap((each) => each.slice(i, i + 1)),
  ).flat();
  return { nodes: nodes.slice(0, NODES_MAX), failed };
}
