// What gun's clients pay for what they ask for, in messages: a message is about 60 microseconds of work here. Pure.
import type { Rate } from '@relay-swarm/net';
import { isRefused, type GunMessage, type RefusedMessage } from './frame.ts';

/** This many bytes cost as much as a message; each piece that comes costs too, since it wakes this process. */
export const BYTES_PER_MESSAGE = 8_192;
export const PIECE_COST = 0.1;
/** A plain request. */
export const REQUEST_COST = 2;
/** A ping, a pong or a fragment. */
export const CONTROL_COST = 0.2;
/** Each field of a node is compared, stored and sent to its listeners; each has a value and a state. */
const VALUES_PER_MESSAGE = 8;
/** gun passes writes and questions on to all other wires: this many receivers, or this many bytes in all, cost as much as a message. */
const RECEIVERS_PER_MESSAGE = 150;
const BYTES_OUT_PER_MESSAGE = 90_000;
/** A client that owes this many seconds of its rate is closed: no client of gun loads that much at once. */
const OWED_SECONDS_MAX = 60;
/** What an address may have done at once, in seconds of its rate, and how much it can owe. */
const ADDRESS_BURST_SECONDS = 0.25;
const ADDRESS_DEBT_SECONDS = 2;

export const rateOfConnection = (perSecond: number): Rate => ({
  perSecond,
  burst: perSecond,
  debtMax: OWED_SECONDS_MAX * perSecond,
});

export const rateOfAddress = (perSecond: number): Rate => ({
  perSecond,
  burst: perSecond * ADDRESS_BURST_SECONDS,
  debtMax: perSecond * ADDRESS_DEBT_SECONDS,
});

/** Before a frame is parsed; its bytes are paid for already. */
export const parsingCost = (values: number): number => values / VALUES_PER_MESSAGE;

/** The price of a frame's messages before gun handles them, by its bytes and the number of other wires. */
export function hearingCost(
  messages: readonly (GunMessage | RefusedMessage)[],
  bytes: number,
  receivers: number,
): number {
  const handedOn = messages.filter((one) => !isRefused(one) && isHandedOn(one)).length;
  const bytesOut = messages.length === 0 ? 0 : (receivers * bytes * handedOn) / messages.length;
  return messages.length + (handedOn * receivers) / RECEIVERS_PER_MESSAGE + bytesOut / BYTES_OUT_PER_MESSAGE;
}

/** An answer goes only to the wire that asked; a message between two relays goes no further. */
const isHandedOn = (message: GunMessage): boolean =>
  message['@'] === undefined && message['dam'] === undefined;
