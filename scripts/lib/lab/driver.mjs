// What the lab needs of whatever its relays run in; containers.mjs and processes.mjs do it.

/**
 * @typedef {object} Relay
 * @property {number} number from 1 on
 * @property {string} where its address, for people
 * @property {readonly string[]} services which of the services it has
 * @property {'up' | 'frozen' | 'stopped'} state
 * @property {number} side relays of one side reach each other; 0 is the side that nobody was cut off from
 */
/**
 * What a relay tells browsers of one relay.
 * @typedef {{ number: number, state: string, load: number, ageSeconds: number }} Listed
 */
/**
 * @typedef {object} Driver
 * @property {(words: readonly string[]) => void} check ends the lab where it cannot be started so
 * @property {(count: number, words: readonly string[], tell: (line: string) => void) => Promise<void>} up starts so many, with what else was asked for
 * @property {() => Promise<Relay[]>} relays
 * @property {(relay: Relay) => Promise<Listed[]>} rosterOf empty where it does not answer, or has no roster yet
 * @property {(relay: Relay) => Promise<void>} start again, with its key and what it remembers
 * @property {(relay: Relay) => Promise<void>} stop by SIGTERM
 * @property {(relay: Relay) => Promise<void>} kill by SIGKILL
 * @property {(relay: Relay) => Promise<void>} freeze
 * @property {(relay: Relay) => Promise<void>} thaw
 * @property {(relays: readonly Relay[]) => Promise<void>} partition
 * @property {(relays: readonly Relay[]) => Promise<void>} heal
 * @property {boolean} canPartition
 * @property {() => Promise<void>} down
 * @property {() => Promise<string>} costs what a relay takes now, on average
 */

/** A program for Node: the first node of the lab's DHT. Relays come and go, and a newcomer must always find somebody. */
export const dhtNode = (/** @type {number} */ port, address = '0.0.0.0') =>
  `import { Client } from 'bittorrent-dht'; new Client({ bootstrap: false }).listen(${port}, '${address}');`;
