// What a page of tests does with each library, all in one program: begin as host or guest, say something, tell what was heard and where it is.
import './node-globals.mjs';
import { Client as TrackerClient } from 'bittorrent-tracker';
import { Core } from '../../../../node_modules/p2p-media-loader-core/dist/p2p-media-loader-core.es.js';
import { Peer } from 'peerjs';
import * as trystero from '@trystero-p2p/torrent';
import WebTorrent from 'webtorrent/dist/webtorrent.min.js';
import {
  GraffitiClient,
  infoHashKey,
  keepMediaLoader,
  keepPeer,
  keepTorrent,
  keepTracker,
  keepTrystero,
  OfferExchange,
  peerOptions,
  Roster,
  textKey,
} from '../../src/index.ts';

const k = 1;
const rtcConfig = { iceServers: [] };
let roster;
let target;

/** The roster from these sources; names are chosen so that the relay `first` is the first of every ranking. */
export async function load(sources, first) {
  roster = await Roster.load(sources, { refreshSeconds: 5 });
  target = first;
}

const random = () => Math.random().toString(36).slice(2, 12);
const leads = (key) => roster.ranked(key, 1)[0].url === target;
function nameFor(prefix) {
  for (;;) {
    const name = `${prefix} ${random()}`;
    if (leads(textKey(name))) return name;
  }
}
function hashFor(digits) {
  for (;;) {
    const hash = hexOf(crypto.getRandomValues(new Uint8Array(digits / 2)));
    if (leads(infoHashKey(hash))) return hash;
  }
}
const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

/** Each: begin(role, info) → info for the guests; state() → { relay, heard }; say(text), where there is something to say. */
const dropIns = {
  webtorrent: () => {
    const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig } });
    const heard = [];
    let choice;
    return {
      begin: async (role, info) => {
        let torrent;
        if (role === 'host') {
          for (;;) {
            torrent = client.seed(new File([random().repeat(2_000)], 'file.txt'), { announce: [] });
            await once(torrent, 'ready');
            if (leads(torrent.infoHash)) break;
            await new Promise((resolve) => torrent.destroy(resolve));
          }
        } else {
          torrent = client.add(info, { announce: [] });
          torrent.once('done', () => heard.push('done'));
        }
        choice = await keepTorrent(torrent, roster, { k });
        return torrent.infoHash;
      },
      state: () => ({ relay: choice.relays[0].url, heard }),
    };
  },

  tracker: () => {
    const heard = [];
    const peers = [];
    let choice;
    return {
      begin: (role, info) => {
        const infoHash = info ?? hashFor(40);
        const peerId = hexOf(crypto.getRandomValues(new Uint8Array(20)));
        const client = new TrackerClient({ infoHash, peerId, announce: [], rtcConfig });
        client.on('error', () => undefined);
        client.on('warning', () => undefined);
        client.on('peer', (peer) =>
          peer.once('connect', () => {
            peers.push(peer);
            peer.on('data', (data) => heard.push(new TextDecoder().decode(data)));
            peer.on('error', () => undefined);
            if (role !== 'host') peer.send(`${role} is here`);
          }),
        );
        choice = keepTracker(client, roster, { k });
        client.start();
        return infoHash;
      },
      say: (text) => {
        for (const peer of peers) if (peer.connected) peer.send(text);
      },
      state: () => ({ relay: choice.relays[0].url, heard }),
    };
  },

  trystero: () => {
    const heard = [];
    let choice;
    let action;
    return {
      begin: (role, info) => {
        const appId = info ?? nameFor('trystero');
        choice = keepTrystero(trystero, roster, appId, { k });
        const { relayConfig } = choice;
        const room = trystero.joinRoom({ appId, password: 'of nobody', relayConfig, rtcConfig }, 'room');
        action = room.makeAction('say');
        action.onMessage = (text) => void heard.push(text);
        room.onPeerJoin = () => {
          if (role !== 'host') action.send(`${role} is here`);
        };
        return appId;
      },
      say: (text) => action.send(text),
      state: () => ({ relay: choice.relays[0].url, heard }),
    };
  },

  media: () => {
    const heard = [];
    let keeper;
    const open = (swarmId, isHost) => {
      const core = new Core({
        announceTrackers: [],
        rtcConfig,
        swarmId,
        simultaneousHttpDownloads: isHost ? 3 : 0,
        httpNotReceivingBytesTimeoutMs: 30_000,
      });
      core.setManifestResponseUrl(`${location.origin}/film.m3u8`);
      core.addStreamIfNoneExists({ runtimeId: 'video', type: 'main', index: '0' });
      const segment = {
        runtimeId: 'first',
        externalId: 0,
        url: `${location.origin}/film.bin`,
        startTime: 0,
        endTime: 4,
      };
      core.updateStream('video', [segment]);
      core.addEventListener('onSegmentLoaded', ({ downloadSource }) => heard.push(downloadSource));
      void core.loadSegment('first', { onSuccess: () => undefined, onError: () => undefined });
      return core;
    };
    const soon = async (isSo) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    return {
      begin: async (role, info) => {
        for (;;) {
          const swarmId = info ?? random();
          const core = open(swarmId, role === 'host');
          keeper = keepMediaLoader(core, roster, { k });
          await soon(() => keeper.streams.length > 0);
          if (info !== undefined || leads(keeper.streams[0].infoHash)) {
            if (role === 'host') await soon(() => heard.includes('http'));
            return swarmId;
          }
          keeper.close();
          core.destroy();
          heard.length = 0;
        }
      },
      state: () => ({ relay: keeper.streams[0].relays[0].url, heard }),
    };
  },

  peerjs: () => {
    const heard = [];
    const connections = [];
    let choice;
    const greet = (connection) => {
      connections.push(connection);
      connection.on('data', (text) => heard.push(text));
    };
    return {
      begin: async (role, info) => {
        const room = info?.room ?? nameFor('peerjs');
        const id = `${role}-${random()}`;
        const peer = new Peer(id, await peerOptions(roster, room));
        peer.on('error', () => undefined);
        peer.on('connection', greet);
        choice = keepPeer(peer, roster, room);
        await once(peer, 'open');
        if (role === 'host') return { room, id };
        // A host that moves at this moment is asked again.
        const connect = () => {
          const connection = peer.connect(info.id, { reliable: true });
          const again = setTimeout(connect, 5_000);
          connection.on('open', () => {
            clearTimeout(again);
            greet(connection);
            connection.send(`${role} is here`);
          });
        };
        connect();
        return { room, id };
      },
      say: (text) => connections.forEach((connection) => connection.send(text)),
      state: () => ({ relay: choice.relays[0].url, heard }),
    };
  },

  /** No library: who is there says Graffiti, and offers and answers go through the relays. */
  webrtc: () => {
    const heard = [];
    const channels = [];
    const connections = []; // Firefox closes those that nobody holds
    let exchange;
    const connect = () => {
      const connection = new RTCPeerConnection(rtcConfig);
      connections.push(connection);
      return connection;
    };
    const gathered = async (connection) => {
      while (connection.iceGatheringState !== 'complete')
        await new Promise((resolve) =>
          connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
        );
      return { type: connection.localDescription.type, sdp: connection.localDescription.sdp };
    };
    const listen = (channel) => {
      channels.push(channel);
      channel.onmessage = ({ data }) => heard.push(data);
    };
    return {
      begin: async (role, info) => {
        let hash = info ?? hashFor(64);
        while (info === undefined && !leads(await OfferExchange.keyOf(hash))) hash = hashFor(64);
        const graffiti = await GraffitiClient.create(roster, { k });
        const room = role === 'host' ? undefined : graffiti.subscribe(hash);
        exchange = await OfferExchange.enter(roster, hash, { k });
        exchange.on('offer', async ({ offer, answer }) => {
          const connection = connect();
          connection.ondatachannel = ({ channel }) => listen(channel);
          await connection.setRemoteDescription(offer);
          await connection.setLocalDescription();
          answer(await gathered(connection));
        });
        await graffiti.announce(hash);
        if (room === undefined) return hash;
        void (async () => {
          for await (const { action, peer } of room) {
            if (action === 'announce' && peer !== graffiti.peerId) break;
          }
          const connection = connect();
          const channel = connection.createDataChannel('talk');
          channel.onopen = () => channel.send(`${role} is here`);
          listen(channel);
          await connection.setLocalDescription();
          const { answer } = await exchange.offer(await gathered(connection));
          await connection.setRemoteDescription(answer);
        })();
        return hash;
      },
      say: (text) => channels.forEach((channel) => channel.readyState === 'open' && channel.send(text)),
      state: () => ({ relay: exchange.choice.relays[0].url, heard }),
    };
  },
};

const running = {};
export const kinds = async () => Object.keys(dropIns);
export async function begin(kind, role, info) {
  running[kind] = dropIns[kind]();
  return running[kind].begin(role, info ?? undefined);
}
export const say = async (kind, text) => running[kind].say?.(text);
export const state = async (kind) => running[kind].state();
export const close = async () => roster.close();
