// Which room this page is in, and where its signaling is: both are in the link, so that whoever opens it comes to the same place.
import type { Roster } from '@relay-swarm/protocol/roster';

const NAME = /^[A-Za-z0-9 _.-]{1,64}$/;

/** From the fragment, which no server gets to see: `#room=…&signaling=…&members=…`. */
export function readRoomLink(hash: string): {
  room: string | undefined;
  signaling: string | undefined;
  members: number;
} {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const room = parts.get('room') ?? '';
  const signaling = parts.get('signaling') ?? '';
  const members = Number(parts.get('members') ?? 8);
  return {
    room: NAME.test(room) ? room : undefined,
    signaling: /^wss?:\/\/[^\s]+$/.test(signaling) ? signaling : undefined,
    members: Number.isInteger(members) && members >= 1 && members <= 32 ? members : 8,
  };
}

/** For people to read and pass on: colons and slashes need no escape in a fragment. */
export const roomLink = (page: URL, parts: Readonly<Record<string, string>>): string =>
  `${page.origin}${page.pathname}#${new URLSearchParams(parts).toString().replaceAll('%3A', ':').replaceAll('%2F', '/')}`;

export function newRoomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return `room-${[...bytes].map((byte) => (byte % 36).toString(36)).join('')}`;
}

/** As this relay has published it; else where the bundle puts it: beside the tracker by name, or by port where there are no names. */
export function signalingUrl(page: URL, roster: Roster | undefined): string {
  const own = roster?.relays.find(({ id }) => id === roster.self)?.peerjs;
  const url = new URL(own ?? page.href);
  if (own === undefined) {
    if (url.port === '8000') url.port = '9000';
    else url.hostname = `peerjs.${url.hostname.replace(/^tracker\./, '')}`;
  }
  url.protocol = url.protocol.replace('http', 'ws');
  url.pathname = '/mesh';
  url.search = url.hash = '';
  return url.href;
}
