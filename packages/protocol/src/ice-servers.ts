// Where a relay hands out ICE servers with credentials: answered by stun, asked by the client library.

export const ICE_SERVERS_PATH = '/ice-servers';
export const ICE_SERVERS_CHARS_MAX = 16_384;
