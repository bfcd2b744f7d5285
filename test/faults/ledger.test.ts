// What has to outlive a fault.
import type { Fault } from './fault.ts';
import { Ledger, outlives, type Kind } from './ledger.ts';

const onDisk: Kind = {
  what: 'id',
  sockets: [],
  ask: () => Promise.resolve({ isKept: () => Promise.resolve(), letGo: () => undefined }),
};
const inMemory: Kind = { ...onDisk, what: 'allocation', memory: 'stun' };
const ofSocket: Kind = { ...onDisk, what: 'peer', memory: 'tracker', sockets: ['nginx', 'tracker'] };
const lost: Kind = {
  ...onDisk,
  what: 'credential',
  ask: () => Promise.resolve({ isKept: () => Promise.reject(new Error('401')), letGo: () => undefined }),
};
const fault: Fault = { id: 'x', what: 'x', awayMsMax: {}, ends: ['stun'], run: () => Promise.resolve() };

describe('what was acknowledged', () => {
  it.each<[string, Kind, Partial<Fault>, boolean]>([
    ['on the disk outlives the end of every service', onDisk, { ends: ['tracker', 'stun', 'nginx'] }, true],
    ['in memory ends with its service', inMemory, { ends: ['stun'] }, false],
    ['in memory outlives the end of another service', inMemory, { ends: ['nginx', 'tracker'] }, true],
    ['in memory outlives a cut', inMemory, { cuts: ['stun'] }, true],
    ['of a socket ends with what the socket goes through', ofSocket, { ends: ['nginx'] }, false],
    ['of a socket ends where that is cut off', ofSocket, { cuts: ['nginx'] }, false],
    ['of a socket outlives a service that stands still', ofSocket, {}, true],
  ])('%s', (_what, kind, of, outlived) => {
    expect(outlives(kind, of)).toBe(outlived);
  });

  it('and does not hold afterwards is lost', async () => {
    const ledger = await Ledger.open([onDisk, lost]);
    expect(await ledger.close(fault, Infinity)).toEqual({
      promised: 2,
      lost: ['credential: Error: 401'],
    });
  });

  it('by a service that ended is promised from its new start on', async () => {
    const [before, after] = [await Ledger.open([inMemory]), await Ledger.open([inMemory])];
    expect((await before.close(fault, Infinity)).promised).toBe(0);
    expect((await after.close(fault, 0)).promised).toBe(1);
  });
});
