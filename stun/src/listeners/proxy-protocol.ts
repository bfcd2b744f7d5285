// The PROXY protocol's header, versions 1 and 2: the client's real address on a proxied connection. Pure.
import { isIPv4, isIPv6 } from 'node:net';
import { addressText } from '@relay-swarm/net/ip';

const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const HEADER_2_BYTES = 16;
const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1');
/** A line of version 1 is never longer; of version 2's extensions we read none and take few. */
const LINE_BYTES_MAX = 107;
export const PROXY_HEADER_BYTES_MAX = 1_024;

export interface ProxyHeader {
  /** The header's own length. */
  readonly bytes: number;
  /** Undefined: the proxy itself is the client (a health check), and the connection's own address counts. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
}

/** The header that `data` begins with; 'incomplete' where more has to come first. */
export function readProxyHeader(data: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  if (beginsLike(data, SIGNATURE_2)) return readVersion2(data);
  return beginsLike(data, SIGNATURE_1) ? readVersion1(data) : 'invalid';
}

function beginsLike(data: Buffer, signature: Buffer): boolean {
  const length = Math.min(data.length, signature.length);
  return data.subarray(0, length).equals(signature.subarray(0, length));
}

/** "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n" */
function readVersion1(data: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const end = data.subarray(0, LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return data.length < LINE_BYTES_MAX ? 'incomplete' : 'invalid';
  const bytes = end + 2;
  const [, protocol, address = '', destination = '', portText = '', destinationPort, ...more] = data
    .toString('latin1', 0, end)
    .split(' ');
  if (protocol === 'UNKNOWN') return { bytes, source: undefined };
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined || !isAddress(address) || !isAddress(destination)) return 'invalid';
  const port = readPort(portText);
  if (port === undefined || readPort(destinationPort) === undefined || more.length > 0) return 'invalid';
  return { bytes, source: { address, port } };
}

function readPort(text = ''): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function readVersion2(data: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  if (data.length < HEADER_2_BYTES) return 'incomplete';
  const version = data[12]! >> 4;
  const command = data[12]! & 0x0f;
  const family = data[13]! >> 4;
  const length = data.readUInt16BE(14);
  const bytes = HEADER_2_BYTES + length;
  if (version !== 2 || command > 1 || bytes > PROXY_HEADER_BYTES_MAX) return 'invalid';
  if (data.length < bytes) return 'incomplete';
  if (command === 0 || family === 0 || family === 3) return { bytes, source: undefined };
  const addressBytes = family === 1 ? 4 : 16;
  if (family > 3 || length < addressBytes * 2 + 4) return 'invalid';
  const address = addressText(data.subarray(HEADER_2_BYTES, HEADER_2_BYTES + addressBytes));
  return { bytes, source: { address, port: data.readUInt16BE(HEADER_2_BYTES + addressBytes * 2) } };
}
