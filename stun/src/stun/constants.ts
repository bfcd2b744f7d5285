// The numbers of STUN and TURN and their names in the RFCs. Words only.

export const MAGIC_COOKIE = 0x2112a442;
export const HEADER_BYTES = 20;
export const TRANSACTION_ID_BYTES = 12;
export const CHANNEL_HEADER_BYTES = 4;
/** RFC 5766's range. RFC 8656 §12 ends at 0x4fff, and its clients take care of that themselves; older ones use all of it. */
export const CHANNEL_NUMBER_MIN = 0x4000;
export const CHANNEL_NUMBER_MAX = 0x7fff;
/** The most that one UDP datagram over IPv4 can carry. */
export const DATAGRAM_BYTES_MAX = 65_507;

/** RFC 8489 §5: the class bits as they stand in the message type. */
export const CLASS = { request: 0x0000, indication: 0x0010, success: 0x0100, error: 0x0110 } as const;
export const CLASS_MASK = 0x0110;

export const METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
} as const;

export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedAddressFamily: 0x0017,
  evenPort: 0x0018,
  requestedTransport: 0x0019,
  dontFragment: 0x001a,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  reservationToken: 0x0022,
  additionalAddressFamily: 0x8000,
  addressErrorCode: 0x8001,
  software: 0x8022,
  fingerprint: 0x8028,
} as const;

/** RFC 8489 §14: below this an attribute must be understood, from here on it may be ignored. */
const COMPREHENSION_OPTIONAL_MIN = 0x8000;
const understood = new Set<number>(Object.values(ATTRIBUTE));
export const mustBeRefused = (type: number): boolean =>
  type < COMPREHENSION_OPTIONAL_MIN && !understood.has(type);

/** CHANGE-REQUEST (RFC 3489, RFC 5780) asks for an answer from another address, which we do not give; 0 asks for nothing. */
export const CHANGE_REQUEST = 0x0003;

/** REQUESTED-TRANSPORT: the protocol number of UDP. */
export const PROTOCOL_UDP = 17;
/** Address families as they stand in attributes (RFC 8489 §14.1). */
export const FAMILY_IPV4 = 0x01;
export const FAMILY_IPV6 = 0x02;

/** RFC 8489 §14.8 and RFC 8656 §19. */
export const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  486: 'Allocation Quota Reached',
  508: 'Insufficient Capacity',
} as const;
export type ErrorCode = keyof typeof REASONS;

/** RFC 8656 §9 and §12: fixed, not for the operator to choose. */
export const PERMISSION_MS = 300_000;
export const CHANNEL_MS = 600_000;
/** RFC 8656 §7.2: a reserved port is held for at least 30 s. */
export const RESERVATION_MS = 30_000;
export const RESERVATION_TOKEN_BYTES = 8;
