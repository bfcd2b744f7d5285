// Who is at the other end, when proxies stand between: the right-most hop that is not a trusted proxy. The only importer of proxy-addr.
import proxyaddr from 'proxy-addr';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { list, type Setting } from '@relay-swarm/kit';
import { withoutMapping } from './ip.ts';
import type { RequestHead } from './request-head.ts';

export type AddressReader = (request: Pick<RequestHead, 'headers' | 'socket'>) => string;

/** Addresses or networks ("10.0.0.0/8") of proxies, or the names loopback, linklocal, uniquelocal. */
export function trustedProxies(
  name: string,
  rule: { default: readonly string[] },
): Setting<readonly string[]> {
  return list(
    name,
    {
      of: 'proxy addresses or networks (10.1.2.3, 10.0.0.0/8, loopback, linklocal, uniquelocal)',
      itemsMax: 64,
      default: rule.default,
      item: (text) => {
        try {
          proxyaddr.compile(text);
          return text;
        } catch {
          return undefined; // proxy-addr throws on what is no address; the setting's rule says what is wanted
        }
      },
    },
    'Proxies whose X-Forwarded-For counts: addresses, networks, or loopback, linklocal, uniquelocal',
  );
}

/**
 * Reads the client's address from a request. `X-Forwarded-For` counts only where the connection comes from a trusted proxy,
 * and then from right to left up to the first hop that is not trusted, so that a client cannot choose its own address.
 */
export function createAddressReader(trusted: readonly string[]): AddressReader {
  const trust = proxyaddr.compile([...trusted]);
  return (request) => {
    const connection = request.socket.remoteAddress ?? '';
    if (request.headers['x-forwarded-for'] === undefined) return withoutMapping(connection);
    const hop = proxyaddr(request as IncomingMessage, trust) as string | undefined;
    // A hop that is no address tells nothing: only the connection itself is certain.
    const address = hop !== undefined && isIP(hop) !== 0 ? hop : connection;
    return Buffer.from(withoutMapping(address)).toString(); // a copy: a slice of the header would keep the whole header in memory
  };
}

/** Whether a connection from there is a trusted proxy's. */
export function createProxyCheck(trusted: readonly string[]): (address: string) => boolean {
  const trust = proxyaddr.compile([...trusted]);
  return (address) => trust(address, 0);
}

/**
 * Whether a request comes straight from this machine or from a trusted proxy itself. Only these are told what is for operators, since a
 * listener for proxies can often be reached by others in their network. What a proxy carries for somebody is no operator's question.
 */
export function createInsiderCheck(trusted: readonly string[]): (request: IncomingMessage) => boolean {
  const trust = proxyaddr.compile(['127.0.0.1', '::1', ...trusted]);
  return ({ headers, socket: { remoteAddress } }) =>
    headers['x-forwarded-for'] === undefined && remoteAddress !== undefined && trust(remoteAddress, 0);
}
