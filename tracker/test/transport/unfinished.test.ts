import type { Connection } from '../../src/transport/connection.ts';
import { Unfinished } from '../../src/transport/unfinished.ts';

function connect(ended: string[], name: string) {
  const connection = {
    meter: { isUnfinished: true, heldBytes: 0, finished: 0 },
    unfinishedSinceMs: 0,
    finishedThen: 0,
    heldBytes: 0,
    isPaused: false,
    close: () => void ended.push(`${name} closed`),
    terminate: () => void ended.push(`${name} cut`),
  };
  return connection as typeof connection & Connection;
}

describe('Unfinished', () => {
  it('ends who does not finish a message in time, not who finishes one after another', () => {
    const ended: string[] = [];
    const unfinished = new Unfinished({ secondsMax: 10, bytesMax: 1_000 });
    const [slow, busy, quick] = ['slow', 'busy', 'quick'].map((name) => connect(ended, name)) as [
      ReturnType<typeof connect>,
      ReturnType<typeof connect>,
      ReturnType<typeof connect>,
    ];
    for (const connection of [slow, busy, quick]) unfinished.note(connection, 1_000);
    Object.assign(quick.meter, { isUnfinished: false });
    unfinished.note(quick, 2_000);
    for (let nowMs = 2_000; nowMs <= 20_000; nowMs += 1_000) {
      (busy.meter as { finished: number }).finished++;
      for (const connection of [slow, busy])
        if (!ended.includes('slow closed')) unfinished.note(connection, nowMs);
      if (!ended.includes('slow closed')) unfinished.tick(nowMs);
    }
    expect([ended, unfinished.ended.unfinished, unfinished.size]).toEqual([['slow closed'], 1, 1]);
  });

  it('cuts off the largest where all together hold too much', () => {
    const ended: string[] = [];
    const unfinished = new Unfinished({ secondsMax: 10, bytesMax: 1_000 });
    [100, 400, 300, 250].forEach((heldBytes, index) => {
      const connection = connect(ended, `${heldBytes} of ${index}`);
      Object.assign(connection.meter, { heldBytes });
      unfinished.note(connection, 1_000);
    });
    expect([ended, unfinished.heldBytes]).toEqual([['400 of 1 cut'], 650]);
  });
});
