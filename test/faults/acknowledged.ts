// Everything that the bundle says yes to and its users then rely on: how it is asked for, and how one finds out whether it still holds.
import { decodeRoster, type Roster } from '@relay-swarm/protocol';
import { TurnClient } from '../../stun/test/contracts/turn-client.ts';
import { JsonSocket } from '../attack/honest/json-socket.ts';
import { announce, openPeer, trackerId } from '../attack/honest/pairs.ts';
import { peerjsPath } from '../attack/honest/peerjs.ts';
import type { Login } from '../attack/honest/turn.ts';
import { get } from '../support/bundle.ts';
import { until, type Bundle, type Service } from './bundle.ts';
import type { Held, Kind } from './ledger.ts';
import { GUN_HOST, type GunPage } from './users/gun-page.ts';
import { login } from './users/login.ts';

const FROM = '127.0.0.1';
/** A client that finds its service again by itself, or a relay that is proven once more, takes a while. */
const AGAIN_SECONDS_MAX = 15;

let asked = 0;
/** No two are alike. */
const fresh = (what: string): string => `${what}-${asked++}`;

const kept = (isKept: Held['isKept'], letGo: Held['letGo'] = () => undefined): Held => ({ isKept, letGo });
const sockets = (service: Service): Service[] => ['nginx', service];

/** `writer`: one that stays. */
export function acknowledgements({ port, stunPort }: Bundle, writer: GunPage): Kind[] {
  const url = `ws://${FROM}:${port}`;
  const roster = async (): Promise<Roster> =>
    decodeRoster((await get('localhost', '/relays.json', port)).body);
  const turn = (as: Login, transport: 'udp' | 'tcp'): Promise<TurnClient> =>
    TurnClient.connect({ transport, host: FROM, port: stunPort }, as);
  const tracker = (): Promise<JsonSocket> => JsonSocket.open(`${url}/`, FROM, `localhost:${port}`);
  const gun = (): Promise<JsonSocket> => JsonSocket.open(`${url}/gun`, FROM, `${GUN_HOST}:${port}`);
  const peer = (id: string): Promise<JsonSocket> => openPeer(`${url}${peerjsPath(id)}`, FROM);
  const overHttp = async (query: Record<string, string>): Promise<string> => {
    const path = `/announce?${new URLSearchParams(query).toString()}`;
    const { status, body } = await get('localhost', path, port);
    if (status !== 200 || body.includes('failure reason')) throw new Error(`HTTP ${status}: ${body}`);
    return body;
  };

  const allocation = (transport: 'udp' | 'tcp'): Kind => ({
    what: `TURN allocation (${transport})`,
    memory: 'stun',
    sockets: [],
    ask: async () => {
      const client = await turn(await login(port), transport);
      await client.allocated();
      return kept(
        async () => {
          const { class: answer } = await client.refresh(600);
          if (answer !== 'success') throw new Error('cannot be refreshed');
        },
        () => {
          client.refresh(0).then(
            () => client.close(),
            () => client.close(),
          );
        },
      );
    },
  });

  return [
    {
      what: "the relay's id",
      sockets: [],
      ask: async () => {
        const { self } = await roster();
        return kept(async () => {
          const { self: found } = await roster();
          if (found !== self) throw new Error(`is ${found}, was ${self}`);
        });
      },
    },
    {
      what: 'relay of the roster',
      sockets: [],
      ask: async () => {
        const { relays } = await roster();
        return kept(async () => {
          await until('the relays', AGAIN_SECONDS_MAX, roster, (now) =>
            relays.every(({ id }) => now.relays.some((one) => one.id === id)),
          );
        });
      },
    },
    {
      what: 'TURN credential',
      sockets: [],
      ask: async () => {
        const as = await login(port);
        return kept(async () => {
          const client = await turn(as, 'udp');
          await client.allocated();
          await client.refresh(0);
          client.close();
        });
      },
    },
    allocation('udp'),
    allocation('tcp'),
    {
      what: 'peer at the tracker (WebSocket)',
      memory: 'tracker',
      sockets: sockets('tracker'),
      ask: async () => {
        const infoHash = trackerId(fresh('swarm'));
        const listed = await tracker();
        listed.send(announce(infoHash, trackerId('listed')));
        await listed.take((message) => 'interval' in message);
        return kept(
          async () => {
            const other = await tracker();
            const offer = { offer: { type: 'offer', sdp: 'sdp' }, offer_id: trackerId('offer') };
            other.send(announce(infoHash, trackerId('other'), { numwant: 1, offers: [offer] }));
            await listed.take((message) => 'offer' in message).finally(() => other.close());
          },
          () => listed.close(),
        );
      },
    },
    {
      what: 'peer at the tracker (HTTP)',
      memory: 'tracker',
      sockets: [],
      ask: async () => {
        const swarm = { info_hash: trackerId(fresh('over-http')), compact: '0' };
        const listed = { ...swarm, peer_id: trackerId('listed'), port: '6881' };
        await overHttp(listed);
        return kept(
          async () => {
            const found = await overHttp({
              ...swarm,
              peer_id: trackerId('other'),
              port: '6882',
              event: 'started',
            });
            if (!found.includes(listed.peer_id)) throw new Error('is not listed');
          },
          () => void overHttp({ ...listed, event: 'stopped' }).catch(() => undefined),
        );
      },
    },
    {
      what: 'PeerJS id',
      memory: 'peerjs',
      sockets: sockets('peerjs'),
      ask: async () => {
        const id = fresh('held');
        const held = await peer(id);
        return kept(
          async () => {
            const other = await peer(fresh('caller'));
            other.send({ type: 'OFFER', dst: id, payload: {} });
            await held.take(({ type }) => type === 'OFFER').finally(() => other.close());
          },
          () => held.close(),
        );
      },
    },
    {
      what: 'write to gun whose writer has left',
      memory: 'gun',
      sockets: [],
      ask: async () => {
        const soul = fresh('left');
        const writes = await gun();
        const put = { [soul]: { _: { '#': soul, '>': { text: Date.now() } }, text: soul } };
        writes.send({ '#': `${soul} put`, put });
        await writes.take((message) => message['@'] === `${soul} put` && 'ok' in message);
        writes.close();
        return kept(() => finds(gun, soul));
      },
    },
    {
      what: 'write to gun whose writer is there',
      sockets: [],
      ask: async () => {
        const soul = fresh('held');
        await writer.put(soul, 1);
        return kept(() => finds(gun, soul));
      },
    },
  ];
}

/** A newcomer who asks for it is told what it is. */
async function finds(open: () => Promise<JsonSocket>, soul: string): Promise<void> {
  const reader = await open();
  const id = fresh('get');
  reader.send({ '#': id, get: { '#': soul } });
  await reader
    .take((message) => message['@'] === id && JSON.stringify(message['put'] ?? '').includes(soul))
    .finally(() => reader.close());
}
