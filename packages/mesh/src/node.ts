// Members in Node: data channels by node-datachannel, sockets by ws. Browsers never load this file.
import { RTCPeerConnection as NodePeerConnection } from 'node-datachannel/polyfill';
import { WebSocket as NodeSocket } from 'ws';
import { join } from './join.ts';
import type { JoinOptions } from './join-options.ts';
import type { Room } from './room.ts';

/** As `join`, with what Node lacks. */
export const joinFromNode = (name: string, options: JoinOptions): Promise<Room> =>
  join(name, {
    RTCPeerConnection: NodePeerConnection as unknown as typeof RTCPeerConnection,
    WebSocket: NodeSocket as unknown as typeof WebSocket,
    ...options,
  });
