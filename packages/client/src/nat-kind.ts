// What kind of address translation (NAT) stands between this machine and the others, from the candidates of one connection. Pure.

export type NatKind =
  /** None: the machine's own address is the public one. */
  | 'open'
  /** One port for all destinations (endpoint-independent mapping, RFC 4787 §4.1): direct connections work with nearly everybody. */
  | 'easy'
  /** Another port for each destination ("symmetric"): direct connections fail where the other side is alike. */
  | 'hard'
  /** No answer from any STUN server. */
  | 'blocked'
  | 'unknown';

export interface MappedCandidate {
  readonly type: string | null;
  readonly protocol: string | null;
  readonly address: string | null;
  readonly port: number | null;
}

/**
 * @param serverCount STUN servers with different addresses that were asked: one alone cannot tell 'easy' from 'hard'
 * @param hasAnswer whether a server has answered, as far as the browser tells; undefined where it does not tell
 */
export function natKind(
  candidates: readonly MappedCandidate[],
  serverCount: number,
  hasAnswer: boolean | undefined,
): NatKind {
  const udp = candidates.filter(({ protocol }) => protocol?.toLowerCase() === 'udp');
  const hosts = udp.filter(({ type }) => type === 'host');
  const mapped = udp.filter(({ type }) => type === 'srflx');
  // Browsers leave out a mapped address that is the machine's own.
  if (mapped.length === 0) return hasAnswer === undefined ? 'unknown' : hasAnswer ? 'open' : 'blocked';
  if (mapped.some(({ address }) => hosts.some((host) => host.address === address))) return 'open';
  const ports = new Map<string, Set<number>>();
  for (const { address, port } of mapped) {
    if (address === null || port === null) continue;
    ports.set(address, (ports.get(address) ?? new Set()).add(port));
  }
  // Each of the machine's own sockets has a port there.
  const socketsMax = Math.max(1, hosts.length);
  if ([...ports.values()].some((some) => some.size > socketsMax)) return 'hard';
  return serverCount > 1 ? 'easy' : 'unknown';
}
