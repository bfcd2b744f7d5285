// What the engine is told, and what it wants done. Both are plain values: the world around it is a browser, Node or a simulation.

export type EngineEvent =
  | { readonly type: 'start' }
  /** A server's list of who is in the room; replaces what it said before. */
  | { readonly type: 'members'; readonly server: string; readonly ids: readonly string[] }
  | {
      readonly type: 'presence';
      readonly server: string;
      readonly id: string;
      readonly isPresent: boolean;
    }
  | { readonly type: 'server-lost'; readonly server: string }
  /** A member's status, or a packet of one that the mesh does not reach, as the server passed it on: a frame of a link. */
  | { readonly type: 'status' | 'fallback'; readonly bytes: Uint8Array }
  | { readonly type: 'link-open'; readonly peer: string }
  | { readonly type: 'link-closed'; readonly peer: string }
  | { readonly type: 'dial-failed'; readonly peer: string }
  | { readonly type: 'frame'; readonly peer: string; readonly bytes: Uint8Array }
  /** What was handed to the link has left. */
  | { readonly type: 'drained'; readonly peer: string }
  | { readonly type: 'signed'; readonly token: number; readonly signature: Uint8Array }
  | { readonly type: 'verified'; readonly token: number; readonly isGood: boolean }
  | { readonly type: 'broadcast'; readonly payload: Uint8Array; readonly isOrdered: boolean }
  /** `isFlooded`: over every link, for when the shortest path has not worked. */
  | {
      readonly type: 'direct';
      readonly to: string;
      readonly payload: Uint8Array;
      readonly isFlooded: boolean;
    }
  /** The time has come that the last answer named. */
  | { readonly type: 'wake' }
  | { readonly type: 'leave' };

export type EngineAction =
  | { readonly type: 'dial'; readonly peer: string; readonly isBridge: boolean }
  | { readonly type: 'close'; readonly peer: string; readonly reason: string }
  | { readonly type: 'transmit'; readonly peer: string; readonly bytes: Uint8Array }
  | { readonly type: 'sign'; readonly token: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'verify';
      readonly token: number;
      readonly source: string;
      readonly bytes: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly type: 'deliver';
      readonly source: string;
      readonly payload: Uint8Array;
      readonly isDirect: boolean;
      readonly hops: number;
    }
  /** Our status, for the servers; newer ones have larger versions. */
  | { readonly type: 'publish'; readonly version: number; readonly bytes: Uint8Array }
  | { readonly type: 'fallback'; readonly to: readonly string[]; readonly bytes: Uint8Array }
  | { readonly type: 'member-joined' | 'member-left'; readonly id: string }
  | { readonly type: 'view-changed' }
  /** A packet came by: for those who watch it travel. */
  | { readonly type: 'passed'; readonly source: string; readonly from: string; readonly hops: number };
