// What a page uses of relay-swarm.
export { infoHashKey, textKey } from '@relay-swarm/protocol/ranking';
export type { RosterRelay } from '@relay-swarm/protocol/roster';
export { diagnose, type Check, type DiagnoseOptions, type Diagnosis, type Finding } from './diagnose.ts';
export * from './errors.ts';
export { GraffitiClient, type GraffitiOptions } from './graffiti-client.ts';
export type { GraffitiIdentity } from './graffiti-link.ts';
export type { GraffitiEvent } from './graffiti-topic.ts';
export type { Offers } from './known-relays.ts';
export type { NatKind } from './nat-kind.ts';
export { keepMediaLoader, type MediaLoader, MediaRelays } from './keep-media-loader.ts';
export {
  keepPeer,
  type KeepPeerOptions,
  type PeerJsPeer,
  peerOptions,
  type PeerServerOptions,
} from './keep-peer.ts';
export {
  keepTorrent,
  keepTracker,
  type KeepOptions,
  type TrackerClient,
  type WebTorrentTorrent,
} from './keep-tracker.ts';
export { keepTrystero, type Trystero, TrysteroRelays } from './keep-trystero.ts';
export {
  OfferExchange,
  type AnswerReceived,
  type OfferExchangeEvents,
  type OfferReceived,
} from './offer-exchange.ts';
export {
  RelayChoice,
  type RelayChange,
  type RelayChoiceEvents,
  type RelayChoiceOptions,
} from './relay-choice.ts';
export { RelaySocket, type DownReason, type RelaySocketEvents } from './relay-socket.ts';
export { RelaySockets } from './relay-sockets.ts';
export { RELAYS_PER_KEY, Roster, type RosterEvents, type RosterOptions } from './roster.ts';
export type { SocketLike, SocketPorts } from './relay-socket.ts';
export type { Fetch } from './relay-source.ts';
export type { PeerKey } from './signatures.ts';
export type { TextStore } from './roster-cache.ts';
export { TorrentRelays, type TorrentRelaysOptions } from './torrent-relays.ts';
