// A page that meets others in rooms, over whichever relays its own roster names for them.
import './node-globals.mjs';
import { OfferExchange, Roster } from '../../src/index.ts';

let roster;

/** It knows one relay; the others it hears of there. */
export async function load(source) {
  roster = await Roster.load([source], { store: null });
  return roster.relays.length;
}

/** In each room: waits for one that calls, and answers. */
export async function wait(rooms) {
  for (const room of rooms) {
    const exchange = await OfferExchange.enter(roster, room);
    exchange.on('offer', async ({ offer, answer }) => {
      const connection = new RTCPeerConnection();
      connection.ondatachannel = ({ channel }) => (channel.onmessage = () => channel.send(`${room} too`));
      await connection.setRemoteDescription(offer);
      await connection.setLocalDescription();
      answer(await gathered(connection));
      held.push(connection);
    });
  }
}

/** Calls in a room, and resolves with what the other one has said, or with nothing after so long. */
export async function call(room, secondsMax) {
  const signal = AbortSignal.timeout(secondsMax * 1000);
  const connection = new RTCPeerConnection();
  try {
    const channel = connection.createDataChannel('talk');
    const heard = new Promise((resolve) => {
      channel.onmessage = ({ data }) => resolve(data);
      channel.onopen = () => channel.send(room);
      signal.addEventListener('abort', () => resolve(undefined));
    });
    await connection.setLocalDescription();
    const exchange = await OfferExchange.enter(roster, room, { signal });
    const { answer } = await exchange.offer(await gathered(connection), { signal });
    await connection.setRemoteDescription(answer);
    const said = await heard;
    exchange.close();
    return said;
  } catch (error) {
    return `${error}`;
  } finally {
    connection.close();
  }
}

const held = []; // browsers close connections that nobody holds

async function gathered(connection) {
  while (connection.iceGatheringState !== 'complete')
    await new Promise((resolve) =>
      connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
    );
  return connection.localDescription.toJSON();
}
