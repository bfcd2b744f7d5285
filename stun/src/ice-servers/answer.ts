// What /ice-servers answers: an RTCConfiguration that goes into `new RTCPeerConnection()` as it is. Pure.
import type { Credential } from '../auth/credential.ts';

export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceServersAnswer {
  readonly iceServers: readonly IceServer[];
  /** Browsers ignore what follows; our client asks again in time. */
  readonly ttlSeconds: number;
  readonly expiresAt: string;
}

/** STUN needs no credential, and a browser refuses a TURN URL without one: so they are two entries. */
export function iceServersAnswer(
  urls: readonly string[],
  { username, password, expiresAtSeconds }: Credential,
  ttlSeconds: number,
): IceServersAnswer {
  const stun = urls.filter((url) => url.startsWith('stun'));
  const turn = urls.filter((url) => url.startsWith('turn'));
  return {
    iceServers: [
      ...(stun.length > 0 ? [{ urls: stun }] : []),
      ...(turn.length > 0 ? [{ urls: turn, username, credential: password }] : []),
    ],
    ttlSeconds,
    expiresAt: new Date(expiresAtSeconds * 1000).toISOString(),
  };
}
