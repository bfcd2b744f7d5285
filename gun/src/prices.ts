// What gun's clients pay for what they ask for, in messages: a message is about 60 microseconds of work here. Pure.
import type { Rate } from '@relay-swarm/net';
import { isRefused, type GunMessage, type RefusedMessage } from './frame.ts';

/** So many bytes that come cost as much as a message; each piece that comes wakes us up. */
export const BYTES_PER_MESSAGE = 8_192;
export const PIECE_COST = 0.1;
/** A plain request. */
export const REQUEST_COST = 2;
/** A ping, a pong or a fragment. */
export const CONTROL_COST = 0.2;
/** Each field of a node is compared, kept and told to whoever listens; each has a value and a state. */
const VALUES_PER_MESSAGE = 8;
/** gun hands writes and questions on to everybody else: so many receivers, or so many bytes for all of them, cost as much as a message. */
const RECEIVERS_PER_MESSAGE = 150;
const BYTES_OUT_PER_MESSAGE = 90_000;
/** Who owes so many seconds of its rate is ended: no client of gun's loads that much at once. */
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

/** Before gun hears what was in a frame of so many bytes, with so many others there to be told. */
export function hearingCost(
  messages: readonly (GunMessage | RefusedMessage)[],
  bytes: number,
  receivers: number,
): number {
  const handedOn = messages.filter((one) => !isRefused(one) && isHandedOn(one)).length;
  const bytesOut = messages.length === 0 ? 0 : (receivers * bytes * handedOn) / messages.length;
  return messages.length + (handedOn * receivers) / RECEIVERS_PER_MESSAGE + bytesOut / BYTES_OUT_PER_MESSAGE;
}

/** An answer goes to whoever asked, a word between two relays nowhere. */
const isHandedOn = (message: GunMessage): boolean =>
  message['@'] === undefined && message['dam'] === undefined;
