// The URLs under which browsers reach a TURN server (RFC 7064, RFC 7065). Pure.
import { isIP, isIPv6 } from 'node:net';

export interface Reachable {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly tcp: boolean;
  /** The port of TURN over TLS, where there is one. */
  readonly tlsPort: number | undefined;
}

export function iceUrls({ host, port, tcp, tlsPort }: Reachable): string[] {
  const name = isIPv6(host) ? `[${host}]` : host;
  return [
    `stun:${name}:${port}`,
    `turn:${name}:${port}?transport=udp`,
    ...(tcp ? [`turn:${name}:${port}?transport=tcp`] : []),
    ...(tlsPort === undefined ? [] : [`turns:${name}:${tlsPort}?transport=tcp`]),
  ];
}

const ICE_URL = /^(stuns?:(?<stunRest>[^?]+)|turns?:(?<turnRest>[^?]+)(\?transport=(udp|tcp))?)$/;

/** Reads one URL that an operator wants handed out, or undefined where it is none. */
export function readIceUrl(text: string): string | undefined {
  const { stunRest, turnRest } = ICE_URL.exec(text)?.groups ?? {};
  const authority = stunRest ?? turnRest;
  if (authority === undefined) return undefined;
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(authority) ?? [];
  const hostIsGood = bracketed === undefined ? name !== undefined && isHostName(name) : isIPv6(bracketed);
  return hostIsGood && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535))
    ? text
    : undefined;
}

/** A DNS name or an address, as it stands in a URL's host. */
export function isHostName(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  return (
    text.length <= 253 && new RegExp(`^${label}(\\.${label})*$`, 'i').test(text) && !/^[\d.]+$/.test(text)
  );
}
