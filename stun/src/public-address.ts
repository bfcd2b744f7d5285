// The addresses at which the internet reaches this machine: set by PUBLIC_IP, or detected.
import type { Log } from '@relay-swarm/kit';
import { isIPv6 } from 'node:net';
import { askBinding } from './stun/binding-client.ts';
import type { Endpoint } from './engine.ts';
import { createPeerPolicy } from './turn/peer-policy.ts';

/** A public STUN server answers in a fraction of this, or not at all. */
const DETECT_MS = 3_000;

export interface PublicAddress {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly source: 'PUBLIC_IP' | 'asked' | 'interface';
  /** What an operator should know, in sentences. */
  readonly warnings: readonly string[];
}

export interface AddressFacts {
  /** PUBLIC_IP. */
  readonly given: readonly string[];
  /** How the servers of STUN_DETECT_SERVERS see us. */
  readonly asked: readonly string[];
  /** The addresses on this machine's interfaces. */
  readonly own: readonly string[];
  /** Whether an address belongs to the public internet. */
  readonly isPublic: (address: string) => boolean;
}

/** Detects the addresses, and logs what it found and what may be wrong. */
export async function findPublicAddress(
  settings: { readonly publicAddresses: readonly string[]; readonly detectServers: readonly Endpoint[] },
  own: readonly string[],
  log: Log,
): Promise<PublicAddress> {
  const answers = await Promise.allSettled(
    settings.detectServers.map((server) => askBinding(server, { timeoutMs: DETECT_MS })),
  );
  const asked = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.host] : []));
  for (const answer of answers) {
    if (answer.status === 'fulfilled') continue;
    log.warn('cannot ask for the public address', { error: answer.reason as unknown });
  }
  const isPublic = createPeerPolicy({ allowed: [], denied: [] });
  const found = choosePublicAddress({ given: settings.publicAddresses, asked, own, isPublic });
  log.info('public address', { ipv4: found.ipv4 ?? null, ipv6: found.ipv6 ?? null, source: found.source });
  if (isMeantForThisMachine(settings.publicAddresses)) log.info('only this machine can use the relay');
  for (const warning of found.warnings) log.warn('the public address is in doubt', { warning });
  return found;
}

/** Pure. */
export function choosePublicAddress({ given, asked, own, isPublic }: AddressFacts): PublicAddress {
  const publicOwn = own.filter(isPublic);
  if (given.length > 0)
    return { ...pick(given), source: 'PUBLIC_IP', warnings: doubts(given, asked, publicOwn, isPublic) };
  if (asked.length > 0) return { ...pick([...asked, ...publicOwn]), source: 'asked', warnings: [] };
  if (publicOwn.length > 0) return { ...pick(publicOwn), source: 'interface', warnings: [] };

  const reachable = pick(own.filter((address) => !isLoopback(address) && !isLinkLocal(address)));
  const ipv4 = reachable.ipv4 ?? '127.0.0.1';
  const warning = `No public address found: this machine has only private ones, so ${ipv4} is handed out and only its own network can use the relay. Set PUBLIC_IP to the address under which the internet reaches it (or STUN_DETECT_SERVERS to have it found out)`;
  return { ipv4, ipv6: undefined, source: 'interface', warnings: [warning] };
}

/** Reasons to think that PUBLIC_IP is wrong. None is certain: behind a NAT this machine does not know its own address. */
function doubts(
  given: readonly string[],
  asked: readonly string[],
  publicOwn: readonly string[],
  isPublic: (address: string) => boolean,
): string[] {
  if (isMeantForThisMachine(given)) return [];
  return given.flatMap((address) => {
    if (isLoopback(address)) {
      return [`PUBLIC_IP=${address} is this machine itself: only programs on this machine can use the relay`];
    }
    if (!isPublic(address)) {
      return [
        `PUBLIC_IP=${address} is a private address: browsers on the internet cannot reach it, only those in its own network`,
      ];
    }
    const sameFamily = (other: string): boolean => isIPv6(other) === isIPv6(address);
    const seen = asked.filter(sameFamily);
    if (seen.length > 0 && !seen.includes(address)) {
      return [`PUBLIC_IP=${address} may be wrong: the internet sees this machine as ${seen.join(', ')}`];
    }
    const others = publicOwn.filter(sameFamily);
    if (seen.length === 0 && others.length > 0 && !others.includes(address)) {
      return [`PUBLIC_IP=${address} may be wrong: this machine has ${others.join(', ')}`];
    }
    return [];
  });
}

function pick(addresses: readonly string[]): { ipv4: string | undefined; ipv6: string | undefined } {
  return { ipv4: addresses.find((address) => !isIPv6(address)), ipv6: addresses.find(isIPv6) };
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
/** PUBLIC_IP names nothing but loopback, as the local bundle and `npm start` set it. */
const isMeantForThisMachine = (given: readonly string[]): boolean =>
  given.length > 0 && given.every(isLoopback);
const isLinkLocal = (address: string): boolean => /^(169\.254\.|fe[89ab])/i.test(address);
