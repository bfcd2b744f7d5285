// Questions for names of 250 KB: gun keeps what was asked for nine seconds.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

let asked = 0;
const questionOf = (chars: number): string =>
  JSON.stringify({ '#': `q${asked++}.`, get: { '#': `${asked}`.padEnd(chars, 'x') } });

const attackOf = (id: string, chars: number): Attack => ({
  id,
  title: `questions for names of ${chars} characters`,
  service: 'gun',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        while (socket.isOpen) await socket.send(frame(questionOf(chars)));
      },
      { path: () => '/gun' },
    ),
});

export const asLargeAsTheyMayBe = attackOf('2c', 4_000);
