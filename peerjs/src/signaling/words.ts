// What the server says, as PeerJS's clients read it: JSON in text frames. Pure.
import type { Relayed } from './message.ts';

export const OPEN_TEXT = JSON.stringify({ type: 'OPEN' });
export const ID_TAKEN_TEXT = JSON.stringify({ type: 'ID-TAKEN', payload: { msg: 'ID is taken' } });

/** The client shows the sentence as its error. */
export const errorText = (sentence: string): string =>
  JSON.stringify({ type: 'ERROR', payload: { msg: sentence } });

/** To `sender`: its message to `peer` was not delivered. */
export const expireText = (peer: string, sender: string): string =>
  JSON.stringify({ type: 'EXPIRE', src: peer, dst: sender });

/** A message as its receiver reads it; the server fills in the sender. */
export const relayedText = ({ type, dst, payload }: Relayed, sender: string): string =>
  JSON.stringify({ type, src: sender, dst, payload });
