// Which offers wait for an answer. An answer is passed on only where it answers an offer that was forwarded. So a client cannot fill a
// stranger's queue with answers, or answer in another peer's name. Kept with the peer that offered: only its own announces can push old ones out.
import type { Link, Peer } from './peer.ts';

/** Open offers of one peer; the oldest are forgotten. */
const OPEN_OFFERS_MAX = 64;

export function noteOffer(from: Peer, to: Peer): void {
  const open = (from.offeredTo ??= []);
  if (open.length >= OPEN_OFFERS_MAX) open.shift();
  open.push(to);
}

/**
 * Takes one offer that `from` made to the peer that answers on this connection with this id; undefined where there is none. An answer under
 * another id of the same connection counts too (older libtorrent), and one on a new connection of a peer whose old one is gone.
 */
export function takeOffer(from: Peer, link: Link, peerId: string): Peer | undefined {
  const open = from.offeredTo;
  if (open === undefined) return undefined;
  let found = -1;
  for (let index = 0; index < open.length; index++) {
    const to = open[index]!;
    const isSameId = to.id === peerId;
    if (to.link === link) {
      found = index;
      if (isSameId) break;
    } else if (found < 0 && isSameId && !to.link.isOpen) found = index;
  }
  if (found < 0) return undefined;
  const to = open[found]!;
  const last = open.pop()!;
  if (found < open.length) open[found] = last;
  else if (found === 0) from.offeredTo = undefined;
  return to;
}
