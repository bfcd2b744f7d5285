// Writing, everything that is let in: new nodes of 50 KB, and whoever asks for them does not read.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const TEXT = 'x'.repeat(50_000);
let written = 0;

function put(): string {
  const soul = `attack${written++}`;
  const node = { _: { '#': soul, '>': { text: Date.now() } }, text: TEXT };
  return JSON.stringify({ '#': `p${written}.`, put: { [soul]: node } });
}

export const attack: Attack = {
  id: '2d',
  title: 'new nodes of 50 KB, half of the writers do not read',
  service: 'gun',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket, index) => {
        if (index % 2 === 0) socket.socket.pause();
        while (socket.isOpen) await socket.send(frame(put()));
      },
      { path: () => '/gun' },
    ),
};
