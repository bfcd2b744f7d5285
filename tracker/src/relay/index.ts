// The relay swarm, as the rest of the tracker sees it.
import type { Gauges, Log, Metrics, Part } from '@relay-swarm/kit';
import type { RelayState, Roster, RosterRelay, SignedDescriptor } from '@relay-swarm/protocol';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RelaySettings } from './settings.ts';

export { checkRelaySettings, relaySettings, type RelaySettings } from './settings.ts';

export interface RelaySwarmOptions {
  readonly settings: RelaySettings;
  readonly dataDir: string;
  /** The port on which the tracker listens (TRACKER_PORT), asked when it is needed: it may be 0 until then. */
  readonly port: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The tracker's own numbers. Those that count here: connections, connectionsMax, peers. Written to health/tracker.json by the swarm. */
  readonly gauges: () => Gauges;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Start it after the socket server listens (it announces the port), stop it before the server closes. */
export interface RelaySwarm extends Part {
  /** For `GET /relay` with an upgrade; `address` is the client's, proxies seen through. Answers refusals itself. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string): void;
  /** What /.well-known/relay-swarm answers. */
  descriptor(): SignedDescriptor;
  /** What /relays.json answers. */
  roster(): Roster;
  /** The relays that are better off than this one: for a reply to `"relays":true`. Empty while this one is `ok`. */
  betterRelays(): readonly RosterRelay[];
  state(): RelayState;
  /** Tells the other relays that this one is about to stop, and takes it off its own roster. */
  drain(): void;
}
