// Which addresses a stranger may make us dial: public ones only. Checked on the address that is then used.
import { Resolver, lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { interfaceAddresses } from './own-addresses.ts';
import { isPublicAddress } from './special-networks.ts';

/** All addresses of a host name, as text. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
}

export interface AddressGuard {
  /** The addresses that may be dialled for a host; throws RefusedAddress where one of them may not. */
  check(host: string): Promise<readonly string[]>;
  /** The same where a URL names an address, about which `net.connect` does not ask `lookup`; a name is left to that. */
  checkAddressIn(url: string | URL): Promise<void>;
  /** The same for `net.connect`'s option `lookup`, so that the address checked is the address dialled. */
  readonly lookup: LookupFunction;
}

export function createAddressGuard(options: {
  allowPrivate: boolean;
  resolve?: Resolve;
  own?: () => readonly string[];
  isPublic?: (address: string) => boolean;
}): AddressGuard {
  const { allowPrivate, own = interfaceAddresses, isPublic = isPublicAddress } = options;
  const resolve = options.resolve ?? (allowPrivate ? resolveBySystem : resolveByDns);
  const check = async (host: string): Promise<readonly string[]> => {
    const name = withoutBrackets(host);
    const addresses = isIP(name) === 0 ? await resolve(name) : [name];
    if (addresses.length === 0) throw new RefusedAddress(`Cannot dial ${name}: it has no address`);
    if (!allowPrivate) {
      const ours = own();
      // One private address makes the whole name refused: a name that mixes both is meant to trick us
      const bad = addresses.find((address) => !isPublic(address) || ours.includes(address));
      if (bad !== undefined)
        throw new RefusedAddress(`Cannot dial ${name}: ${bad} is not a public address of another`);
    }
    return addresses;
  };
  const checkAddressIn = async (url: string | URL): Promise<void> => {
    const host = withoutBrackets(new URL(url).hostname);
    if (isIP(host) !== 0) await check(host);
  };
  const lookup: LookupFunction = (host, { all }, done) => {
    check(host).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (all === true) done(null, found);
        else done(null, found[0]!.address, found[0]!.family);
      },
      (error: unknown) => done(error as NodeJS.ErrnoException, []),
    );
  };
  return { check, checkAddressIn, lookup };
}

/** Of an IPv6 address in a URL. */
const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

/** By DNS alone, with short time-outs: getaddrinfo would hold one of the few threads that also write our files. */
async function resolveByDns(host: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** As other programs of this machine resolve names, /etc/hosts included, which labs need. */
async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}
