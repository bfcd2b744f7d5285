// What a frame costs, in tokens of a rate (rate.ts): one for itself, and more for its bytes and the values in it, since reading them is the
// work. A control frame costs as well: a ping is written back, a pong is parsed. Pure.

export interface Prices {
  /** So many bytes cost one token more. */
  readonly bytesPerToken: number;
  /** So many values (objects, lists, texts, numbers) cost one token more. */
  readonly valuesPerToken: number;
  /** Of a ping, or a pong that nobody asked for. */
  readonly control: number;
  /** So many receivers of what is handed on cost one token; charged before it is done. */
  readonly receiversPerToken: number;
}

export const PRICES: Prices = {
  bytesPerToken: 4_096,
  valuesPerToken: 40,
  control: 0.2,
  receiversPerToken: 50,
};

export const frameCost = (prices: Prices, bytes: number, values = 0): number =>
  1 + bytes / prices.bytesPerToken + values / prices.valuesPerToken;

export const fanOutCost = (prices: Prices, receivers: number): number => receivers / prices.receiversPerToken;
