// The addresses that are this relay itself: those of its interfaces, those that its public name leads to, which behind a cloud's
// address translation are on no interface, and those that the operator told, which no name leads to where the own network's DNS answers
// differently inside. A stranger must not be able to make us dial our own ports from inside.
import { isPublicAddress } from '@relay-swarm/net/special-networks';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export type ResolveAll = (host: string) => Promise<readonly string[]>;

const resolveAll: ResolveAll = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

export class OwnAddresses {
  readonly #host: () => string;
  readonly #told: readonly string[];
  readonly #resolve: ResolveAll;
  #public: readonly string[] = [];

  /** `host`: of the public URL; `told`: PUBLIC_IP. */
  constructor(host: () => string, told: readonly string[] = [], resolve: ResolveAll = resolveAll) {
    this.#host = host;
    this.#told = told;
    this.#resolve = resolve;
  }

  all(): readonly string[] {
    const local = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    );
    return [...local, ...this.#told, ...this.#public];
  }

  /** The IPv4 address that was told, or that the public name leads to, where that is one of the internet. */
  async publicIpv4(): Promise<string | undefined> {
    await this.refresh();
    return [...this.#told, ...this.#public].find(
      (address) => isIP(address) === 4 && isPublicAddress(address),
    );
  }

  /** Looks the public name up again. Where that fails the addresses found before are kept. */
  async refresh(): Promise<void> {
    const host = this.#host().replace(/^\[|\]$/g, '');
    const found = isIP(host) === 0 ? await this.#resolve(host).catch(() => []) : [host];
    if (found.length > 0) this.#public = found;
  }
}
