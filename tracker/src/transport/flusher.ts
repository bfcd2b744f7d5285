// What connections are to send in this turn of the event loop. There is one loop, so there is one of this.
import { Flusher } from '@relay-swarm/net';
import { endTurn, keepThisTurnsFrames } from '../frames/frame-memory.ts';

export const flusher = new Flusher((hasMore) => {
  if (hasMore) keepThisTurnsFrames(); // somebody sent while others were flushed
  endTurn();
});
