// Graffiti's handshake with keys of small order: one signature fits every challenge, for whoever does not look at the key.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { pause, webSockets } from '../raw-socket.ts';

const KEYS = [
  `01${'00'.repeat(31)}`,
  '00'.repeat(32),
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];
const SIGNATURE = `01${'00'.repeat(63)}`;

export const attack: Attack = {
  id: '20',
  title: 'Graffiti hellos with keys of small order, and the signature that fits everything',
  service: 'tracker',
  run: ({ port }, tell) =>
    webSockets(port, async (socket, index) => {
      let heard = '';
      socket.onData = (bytes) => {
        heard = (heard + bytes.toString('latin1')).slice(-2_000);
        if (heard.includes('messageID')) tell.breach('a peer without a secret was let in');
      };
      await socket.send(frame(JSON.stringify({ action: 'hello', publicKey: KEYS[index % KEYS.length] })));
      await pause(20);
      await socket.send(frame(JSON.stringify({ action: 'signature', signature: SIGNATURE })));
      await socket.send(
        frame(
          JSON.stringify({ messageID: 'a'.repeat(64), action: 'subscribe', info_hashes: ['b'.repeat(64)] }),
        ),
      );
      await pause(100);
    }),
};
