import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { leaveSilentPeer, SILENT_MS_MAX } from '../src/silent-peers.ts';

describe('leaveSilentPeer()', () => {
  const made = (type: string) => {
    const [setTimeout, update, left] = [jest.fn(), jest.fn(), jest.fn()];
    const wire = Object.assign(new EventEmitter(), { type, setTimeout });
    leaveSilentPeer(wire, { discovery: { tracker: { update } } }, left);
    return { wire, setTimeout, update, left };
  };

  it('lets a silent peer go sooner than WebTorrent does, and looks for it again', () => {
    const { wire, setTimeout, update, left } = made('webrtc');
    expect(setTimeout).toHaveBeenCalledWith(SILENT_MS_MAX, true);
    expect(update).not.toHaveBeenCalled();
    wire.emit('timeout');
    expect([update, left].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it('leaves a web seed its own time-out', () => {
    expect(made('webSeed').setTimeout).not.toHaveBeenCalled();
  });

  it.each([[{}], [{ discovery: null }], [{ discovery: { tracker: null } }]])(
    'counts the peer also where nobody can be asked for another: %j',
    (torrent) => {
      const left = jest.fn();
      const wire = Object.assign(new EventEmitter(), { type: 'tcpOutgoing', setTimeout: jest.fn() });
      leaveSilentPeer(wire, torrent, left);
      wire.emit('timeout');
      expect(left).toHaveBeenCalledTimes(1);
    },
  );
});
