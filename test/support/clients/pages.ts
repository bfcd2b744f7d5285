// What the clients for browsers do in a page, as modules' text. Each joins with relayed addresses alone, so that what arrives has come through the bundle's
// TURN server, after the bundle has introduced the two pages to each other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.ts';
import { SEGMENT_LOADER } from './segments.ts';

const config = `
  const configOf = async (relay) => {
    const url = 'https://' + relay + '/ice-servers';
    const answer = await fetch(url).catch(() => fetch(url)); // again, where the machine's networks have just changed
    return { ...(await answer.json()), iceTransportPolicy: 'relay' };
  };`;

/** A room of the mesh. It has no setting for relayed addresses alone, so its connections have. */
const MESH = `
    import { join, webRtc } from '@relay-swarm/mesh';
    const enter = async (relay, name) => {
      const { iceServers, iceTransportPolicy } = await configOf(relay);
      class Relayed extends RTCPeerConnection {
        constructor(configuration) {
          super({ ...configuration, iceTransportPolicy });
        }
      }
      const transport = webRtc({ iceServers, RTCPeerConnection: Relayed });
      return join(name, { signaling: 'wss://' + relay + '/mesh', transport });
    };`;

/** PeerJS 1.3 is a script for pages, and no module. */
const SCRIPT_PEER = `
    const script = document.createElement('script');
    script.src = '/peerjs-1.3.js';
    await new Promise((resolve) => { script.onload = resolve; document.head.append(script); });
    const module = { Peer: globalThis.Peer };`;
/** What the pages fetch beside their program. */
export const FILES: Readonly<Record<string, Buffer>> = {
  '/segment.bin': Buffer.alloc(64_000, 'live'),
  '/peerjs-1.3.js': readFileSync(join(root, 'node_modules/peerjs-1.3/dist/peerjs.min.js')),
};

/** Each exports \`first(relay)\` and \`second(relay, what the first returned)\`, which returns what arrived at last. */
export const PAGES: Readonly<Record<string, string>> = {
  WebTorrent: `${config}
    import WebTorrent from 'webtorrent/dist/webtorrent.min.js';
    const create = async (relay) => new WebTorrent({ dht: false, tracker: { rtcConfig: await configOf(relay) } });
    export const first = async (relay) => {
      const client = await create(relay);
      return new Promise((resolve) =>
        client.seed(new File(['hello'], 'hello.txt'), { announce: ['wss://' + relay] }, ({ magnetURI }) => resolve(magnetURI)));
    };
    export const second = async (relay, magnet) => {
      const client = await create(relay);
      const torrent = await new Promise((resolve) =>
        client.add(magnet, { announce: ['wss://' + relay] }, (one) => one.on('done', () => resolve(one))));
      return (await torrent.files[0].blob()).text();
    };`,
  ...Object.fromEntries(
    [
      ['trystero', '@trystero-p2p/torrent'],
      ['trystero 0.23', 'trystero-0.23'],
    ].map(([name, from]) => [
      name!,
      `${config}
    import { joinRoom } from '${from!}';
    const heard = Promise.withResolvers();
    const enter = async (relay) => {
      const urls = ['wss://' + relay];
      const room = joinRoom({ appId: '${name!}', relayUrls: urls, relayConfig: { urls }, rtcConfig: await configOf(relay) }, 'room');
      const action = room.makeAction('say');
      const [send, receive] = Array.isArray(action) ? action : [action.send.bind(action), (heardOne) => (action.onMessage = heardOne)];
      receive(heard.resolve);
      const joined = () => void send('hello');
      if (typeof room.onPeerJoin === 'function') room.onPeerJoin(joined);
      else room.onPeerJoin = joined;
    };
    export const first = enter;
    export const second = async (relay) => {
      await enter(relay);
      return heard.promise;
    };`,
    ]),
  ),
  ...Object.fromEntries(
    [
      ['PeerJS', 'peerjs'],
      ['PeerJS 1.4', 'peerjs-1.4'],
      ['PeerJS 1.3', undefined],
    ].map(([name, from]) => [
      name!,
      `${config}
    ${from === undefined ? SCRIPT_PEER : `import * as module from '${from}';`}
    const Peer = module.Peer ?? module.default?.Peer ?? module.default;
    const open = async (relay) => {
      const [host, port] = relay.split(':');
      const peer = new Peer({ host, port: Number(port), path: '/', secure: true, config: await configOf(relay) });
      await new Promise((resolve, reject) => { peer.on('open', resolve); peer.on('error', reject); });
      return peer;
    };
    export const first = async (relay) => {
      const peer = await open(relay);
      peer.on('connection', (connection) => connection.on('data', (data) => connection.send(data)));
      return peer.id;
    };
    export const second = async (relay, other) => {
      const connection = (await open(relay)).connect(other);
      return new Promise((resolve) => {
        connection.on('data', resolve);
        connection.on('open', () => connection.send('hello'));
      });
    };`,
    ]),
  ),
  'p2p-media-loader': `${config}
    ${SEGMENT_LOADER}
    const load = async (relay, wait) =>
      loadWith({ announceTrackers: ['wss://' + relay], rtcConfig: await configOf(relay) }, wait);
    export const first = (relay) => load(relay, 0);
    export const second = async (relay) => ((await load(relay, 60_000)) === 'p2p' ? 'hello' : 'not from the peer');`,
  mesh: `${config}
    ${MESH}
    export const first = async (relay) => {
      const room = await enter(relay, 'rehearsed');
      room.on('memberjoined', () => void room.broadcast('hello'));
    };
    export const second = async (relay) => {
      for await (const { data } of (await enter(relay, 'rehearsed')).messages()) return data;
    };`,
  Yjs: `${config}
    ${MESH}
    import { Awareness } from 'y-protocols/awareness';
    import { Doc } from 'yjs';
    import { MeshProvider } from ${JSON.stringify(join(root, 'packages/mesh/test/recipes/yjs-provider.ts'))};
    const open = async (relay) => {
      const room = await enter(relay, 'a document');
      const doc = new Doc();
      new MeshProvider(room, doc, new Awareness(doc));
      return doc.getText('t');
    };
    export const first = async (relay) => (await open(relay)).insert(0, 'hello');
    export const second = async (relay) => {
      const text = await open(relay);
      return text.toString() || new Promise((resolve) => text.observe(() => resolve(text.toString())));
    };`,
  Graffiti: `
    import TrackerClient from '@graffiti-garden/tracker-client/tracker-client.js';
    import { randomHash, sha256Hex } from '@graffiti-garden/tracker-client/src/util.js';
    const topic = 'ab'.repeat(32);
    const open = async (relay, proof) => {
      const client = new TrackerClient(proof, ['wss://' + relay]);
      await client.trackers[0].tilOpen();
      return client;
    };
    export const first = async (relay) => {
      const proof = await randomHash();
      await (await open(relay, proof)).announce(topic);
      return sha256Hex(proof);
    };
    export const second = async (relay, peer) => {
      const client = await open(relay, await randomHash());
      const { value } = await client.subscribe(topic).next();
      return value.action === 'announce' && value.peer === peer ? 'hello' : JSON.stringify(value);
    };`,
  GunDB: `
    import Gun from 'gun/gun';
    const open = (relay) => new Gun({ peers: ['https://' + relay.replace('tracker', 'gun') + '/gun'], localStorage: false, radisk: false });
    export const first = (relay) => new Promise((resolve, reject) =>
      open(relay).get('rehearsal').put({ text: 'hello' }, ({ err }) => (err ? reject(new Error(String(err))) : resolve())));
    export const second = (relay) => new Promise((resolve) =>
      open(relay).get('rehearsal').get('text').on((text) => text && resolve(text)));`,
};

/** Exports \`relayed(relay, scheme, transport)\`: two connections of one page over TURN alone, and what came back of 20 messages. */
export const RELAYED = `
  export async function relayed(relay, scheme, transport) {
    const url = 'https://' + relay + '/ice-servers';
    const { iceServers } = await (await fetch(url).catch(() => fetch(url))).json();
    const isWanted = (one) => one.startsWith(scheme + ':') && one.endsWith('transport=' + transport);
    const wanted = iceServers.map((server) => ({ ...server, urls: server.urls.filter(isWanted) })).filter(({ urls }) => urls.length > 0);
    const create = () => new RTCPeerConnection({ iceServers: wanted, iceTransportPolicy: 'relay' });
    const [one, two] = [create(), create()];
    const types = new Set();
    for (const [from, to] of [[one, two], [two, one]]) {
      from.onicecandidate = ({ candidate }) => {
        if (!candidate?.candidate) return;
        types.add(candidate.type);
        void to.addIceCandidate(candidate);
      };
    }
    two.ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => channel.send(data));
    const channel = one.createDataChannel('test');
    const back = new Promise((resolve) => {
      let count = 0;
      channel.onopen = () => { for (let i = 0; i < 20; i++) channel.send(String(i)); };
      channel.onmessage = ({ data }) => { if (data === String(count) && ++count === 20) resolve(count); };
    });
    await one.setLocalDescription();
    await two.setRemoteDescription(one.localDescription);
    await two.setLocalDescription();
    await one.setRemoteDescription(two.localDescription);
    const result = { back: await back, types: [...types] };
    one.close();
    two.close();
    return result;
  }`;
