// The page's one WebTorrent client, made when the first torrent needs it. The only importer of webtorrent.
import type WebTorrent from 'webtorrent/dist/webtorrent.min.js';

export type { AddOptions, Torrent, TorrentFile, Wire } from 'webtorrent/dist/webtorrent.min.js';
export type Client = WebTorrent;

const clients = new Map<boolean, Promise<Client>>();

/**
 * @param withPeers false: a client that asks no tracker and so meets no peer; it has web seeds only
 * @param iceServers asked for when the client is made, never later
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
  const client = new WebTorrent({
    tracker: withPeers ? { rtcConfig: { iceServers: servers } } : false,
    dht: false,
    lsd: false,
  });
  // A torrent that fails fails alone; its own listener says why.
  client.on('error', () => undefined);
  return client;
}
