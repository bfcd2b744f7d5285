// The page's one WebTorrent client, made when the first torrent needs it. The only importer of webtorrent.
import type WebTorrent from 'webtorrent/dist/webtorrent.min.js';

export type { AddOptions, Torrent, TorrentFile, Wire } from 'webtorrent/dist/webtorrent.min.js';
export type Client = WebTorrent;

/** Credentials of a relay live for an hour or more; those that are still good are not asked for again. */
const RENEW_MS = 600_000;
const clients = new Map<boolean, Promise<Client>>();

/**
 * @param withPeers false: a client that asks no tracker and so meets no peer; it has web seeds only
 * @param iceServers asked for when the client is made, and then again and again: their credentials expire
 */
export function getClient(withPeers: boolean, iceServers: () => Promise<RTCIceServer[]>): Promise<Client> {
  let client = clients.get(withPeers);
  if (client === undefined) {
    client = create(withPeers, iceServers);
    clients.set(withPeers, client);
    client.catch(() => clients.delete(withPeers)); // the next attempt may be luckier
  }
  return client;
}

async function create(withPeers: boolean, iceServers: () => Promise<RTCIceServer[]>): Promise<Client> {
  const [{ default: WebTorrent }, servers] = await Promise.all([
    import('webtorrent/dist/webtorrent.min.js'),
    withPeers ? iceServers() : [],
  ]);
  // Read by the library for every new connection.
  const rtcConfig = { iceServers: servers };
  if (withPeers)
    setInterval(() => void iceServers().then((fresh) => (rtcConfig.iceServers = fresh)), RENEW_MS);
  const client = new WebTorrent({
    tracker: withPeers ? { rtcConfig } : false,
    dht: false,
    lsd: false,
  });
  // A torrent that fails fails alone; its own listener says why.
  client.on('error', () => undefined);
  return client;
}
