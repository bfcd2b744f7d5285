// The part of diagnose() that asks STUN and TURN servers, by the browser's own ICE agent.
import type { Finding, Found } from './finding.ts';
import { gatherCandidates } from './gather-candidates.ts';
import { natKind, type NatKind } from './nat-kind.ts';
import type { Roster } from './roster.ts';

/** STUN, TURN over each transport, and the kind of router. Rejects with AbortError only. */
export async function checkIce(
  roster: Roster | undefined,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<NatKind> {
  const skip = (why: string): NatKind => {
    for (const check of ['stun', 'nat', 'turn-udp', 'turn-tcp', 'turn-tls'] as const)
      found(check, 'skipped', why);
    return 'unknown';
  };
  if (roster === undefined) return skip('No relay is known that could be asked for STUN and TURN servers.');
  if ((globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection === undefined)
    return skip('This platform has no WebRTC; a browser has.');
  let servers: RTCIceServer[];
  try {
    servers = await roster.iceServers({ ...(signal && { signal }) });
  } catch {
    signal?.throwIfAborted();
    return skip('No relay of this swarm offers STUN and TURN servers that answer.');
  }
  const only = (pattern: RegExp): RTCIceServer[] =>
    servers
      .map((server) => ({ ...server, urls: [server.urls].flat().filter((url) => pattern.test(url)) }))
      .filter(({ urls }) => urls.length > 0);
  const [nat] = await Promise.all([
    checkStun(only(/^stuns?:/), found, signal),
    checkTurn('turn-udp', 'UDP', only(/^turn:(?!.*transport=tcp)/), found, signal),
    checkTurn('turn-tcp', 'TCP', only(/^turn:.*transport=tcp/), found, signal),
    checkTurn('turn-tls', 'TLS', only(/^turns:/), found, signal),
  ]);
  return nat;
}

async function checkStun(
  servers: readonly RTCIceServer[],
  found: Found,
  signal: AbortSignal | undefined,
): Promise<NatKind> {
  if (servers.length === 0) {
    found('stun', 'skipped', 'The relays offer no STUN server.');
    found('nat', 'skipped', 'Without a STUN server the kind of router cannot be told.');
    return 'unknown';
  }
  const { candidates, errors, ms } = await gatherCandidates(servers, 'all', signal);
  const hosts = new Set(
    servers.flatMap(({ urls }) => urls).map((url) => url.replace(/^stuns?:|:\d+$|\?.*$/g, '')),
  );
  const isTold = 'onicecandidateerror' in RTCPeerConnection.prototype;
  const hasAnswer = ms !== undefined ? true : isTold ? errors.length === 0 : undefined;
  const nat = natKind(candidates, hosts.size, hasAnswer);
  const mapped = candidates.find(({ type }) => type === 'srflx');
  if (mapped !== undefined)
    found('stun', 'ok', `A STUN server answers: others see this machine as ${mapped.address}.`, ms);
  else if (nat === 'open')
    found('stun', 'ok', 'A STUN server answers: others see this machine under its own address.');
  else if (nat === 'blocked')
    found(
      'stun',
      'failed',
      `No STUN server answers (${errors.join('; ') || 'no reason given'}). UDP seems to be blocked here.`,
    );
  else found('stun', 'warning', 'No answer of a STUN server was seen; this browser does not tell why.');
  found('nat', ...NAT_TEXTS[nat]);
  return nat;
}

const NAT_TEXTS: Readonly<Record<NatKind, readonly [Finding['result'], string]>> = {
  open: ['ok', 'No router translates addresses here: others can reach this machine directly.'],
  easy: [
    'ok',
    'The router here keeps one port for all (easy NAT): direct connections work with nearly everybody.',
  ],
  hard: [
    'warning',
    'The router here takes another port for each destination (symmetric NAT): with others behind such a router a TURN server must help.',
  ],
  blocked: [
    'failed',
    'UDP gets nowhere from here: only a TURN server over TCP or TLS can connect this machine with others.',
  ],
  unknown: ['skipped', 'The kind of router cannot be told: that takes answers of two STUN servers.'],
};

async function checkTurn(
  check: 'turn-udp' | 'turn-tcp' | 'turn-tls',
  name: string,
  servers: readonly RTCIceServer[],
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (servers.length === 0) {
    found(check, 'skipped', `The relays offer no TURN server over ${name}.`);
    return;
  }
  const { candidates, errors, ms } = await gatherCandidates(servers, 'relay', signal);
  if (candidates.some(({ type }) => type === 'relay'))
    found(check, 'ok', `A TURN server over ${name} gives this machine an address, within ${ms} ms.`, ms);
  else found(check, 'failed', turnFault(name, errors));
}

/** RFC 8656 §17: Allocation Quota Reached, Insufficient Capacity. */
const FULL = /^(486|508)\b/;

/** Why there is no relayed address, as far as the browser's errors tell. */
export function turnFault(name: string, errors: readonly string[]): string {
  const said = errors.length > 0 ? ` (${errors.join('; ')})` : '';
  return errors.some((error) => FULL.test(error))
    ? `A TURN server over ${name} answers, and has no address left for this machine${said}. Try again later.`
    : `No TURN server over ${name} gives this machine an address${said}. This network may block it, or the server is down.`;
}
