// The URLs under which browsers reach a TURN server (RFC 7064, RFC 7065). Pure.
import { isIP, isIPv6 } from 'node:net';
import type { Transport } from '../engine.ts';

export type Ports = Readonly<Record<Transport, number | undefined>>;

/** All ways to a host, by the port of each transport that there is. */
export function iceUrls(host: string, { udp, tcp, tls }: Ports): string[] {
  const name = isIPv6(host) ? `[${host}]` : host;
  return [
    ...(udp === undefined ? [] : [`stun:${name}:${udp}`, `turn:${name}:${udp}?transport=udp`]),
    ...(tcp === undefined ? [] : [`turn:${name}:${tcp}?transport=tcp`]),
    ...(tls === undefined ? [] : [`turns:${name}:${tls}?transport=tcp`]),
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
