// The row of sockets is put back after a death, held against a model of what Linux does with it.
import fc from 'fast-check';
import { Slots, type Arrangement } from '../../src/workers/slots.ts';

/** Linux (net/core/sock_reuseport.c): a new socket comes last; the last one takes the place of one that is closed. */
class Kernel {
  row: { readonly worker: number; isSpare: boolean }[] = [];

  open(worker: number, isSpare = false): void {
    this.row.push({ worker, isSpare });
  }

  close(is: (socket: Kernel['row'][number]) => boolean): void {
    for (let at = this.row.findIndex(is); at >= 0; at = this.row.findIndex(is)) {
      const last = this.row.pop()!;
      if (at < this.row.length) this.row[at] = last;
    }
  }

  arrange({ worker, what }: Arrangement): void {
    if (what === 'closeSpare') this.close((socket) => socket.isSpare);
    else if (what === 'openSpare') this.open(worker, true);
    else {
      for (const socket of this.row) if (socket.worker === worker) socket.isSpare = true;
      this.open(worker);
    }
  }

  /** Who serves each place. */
  get serving(): (number | 'spare')[] {
    return this.row.map(({ worker, isSpare }) => (isSpare ? 'spare' : worker));
  }
}

it('keeps everybody at their places, whoever dies and however often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.array(fc.nat(7), { maxLength: 20 }), (workers, deaths) => {
      const [kernel, slots] = [new Kernel(), new Slots()];
      for (let worker = 0; worker < workers; worker++) {
        kernel.open(worker);
        expect(slots.joined(worker)).toBeUndefined();
      }
      const before = kernel.serving;
      for (const death of deaths) {
        const dead = death % workers;
        kernel.close(({ worker }) => worker === dead);
        const first = slots.died(dead);
        if (first === undefined || first === 'anew') throw new Error(`found ${String(first)}`);
        kernel.arrange(first);
        expect(kernel.serving).toEqual(before.map((worker) => (worker === dead ? 'spare' : worker)));
        kernel.open(dead);
        kernel.arrange(slots.joined(dead)!);
        expect(kernel.serving).toEqual(before);
      }
    }),
  );
});

it('starts all anew where a second one dies before the row is whole', () => {
  const slots = new Slots();
  for (const worker of [0, 1, 2]) slots.joined(worker);
  expect(slots.died(1)).toEqual({ worker: 2, what: 'moveToEnd' });
  expect(slots.died(1)).toBeUndefined(); // its successor, before it had bound anything
  expect(slots.died(0)).toBe('anew');
});

it('has nothing to put back where nobody is left', () => {
  const slots = new Slots();
  slots.joined(0);
  expect(slots.died(0)).toBeUndefined();
  expect(slots.joined(0)).toBeUndefined();
});
