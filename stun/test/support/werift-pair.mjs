// Two werift peers, relay only, in a process of their own: werift leaves timers behind that keep a process alive.
//   node werift-pair.mjs '{"url":"turn:…","username":"…","credential":"…","messages":50}'   prints what came back, as JSON
import { RTCPeerConnection } from 'werift';

const { url, username, credential, messages } = JSON.parse(process.argv[2]);
// Without a STUN server of ours it would ask one of Google's.
const stun = { urls: url.replace(/^turn/, 'stun').replace(/\?.*/, '') };
const create = () =>
  new RTCPeerConnection({
    iceServers: [stun, { urls: url, username, credential }],
    iceTransportPolicy: 'relay',
  });

/** werift tells its host candidates whatever the policy, and tries them one after the other before the relayed ones. */
/** @param {import('werift').RTCSessionDescription | undefined} description */
const relayOnly = (description) => ({
  type: /** @type {'offer' | 'answer'} */ (description?.type),
  sdp: (description?.sdp ?? '')
    .split('\r\n')
    .filter((line) => !line.startsWith('a=candidate') || line.includes('typ relay'))
    .join('\r\n'),
});

const [one, two] = [create(), create()];
two.onDataChannel.subscribe((channel) => {
  channel.onMessage.subscribe((message) => channel.send(`${message} back`));
});
const heard = [];
const channel = one.createDataChannel('test');
channel.stateChanged.subscribe((state) => {
  if (state === 'open') for (let i = 0; i < messages; i++) channel.send(String(i));
});
channel.onMessage.subscribe((message) => {
  if (heard.push(String(message)) < messages) return;
  console.log(JSON.stringify(heard));
  process.exit();
});
await one.setLocalDescription(await one.createOffer());
await two.setRemoteDescription(relayOnly(one.localDescription));
await two.setLocalDescription(await two.createAnswer());
await one.setRemoteDescription(relayOnly(two.localDescription));
