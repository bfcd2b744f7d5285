import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { ruleWire, SILENT_MS_MAX } from '../src/torrent/wire-rules.ts';

describe('ruleWire()', () => {
  const made = (type: string, isSelfish = false) => {
    const unchoke = jest.fn();
    const setTimeout = jest.fn();
    const update = jest.fn();
    const wire = Object.assign(new EventEmitter(), { type, unchoke, setTimeout });
    const counts = { fromPeers: 0, fromServers: 0, uploaded: 0 };
    const torrent = { discovery: { tracker: { update } } };
    ruleWire(wire, torrent, { counts, isSelfish });
    return { wire, counts, unchoke, setTimeout, update };
  };

  it('lets a silent peer go sooner than the library, and looks for it again', () => {
    const { wire, setTimeout, update } = made('webrtc');
    expect(setTimeout).toHaveBeenCalledWith(SILENT_MS_MAX, true);
    expect(update).not.toHaveBeenCalled();
    wire.emit('timeout');
    expect(update).toHaveBeenCalledTimes(1);
  });

  it('leaves a web seed its own time-out', () => {
    expect(made('webSeed').setTimeout).not.toHaveBeenCalled();
  });

  it('counts what came from peers, what from servers, and what was passed on', () => {
    const [peer, server] = [made('webrtc'), made('webSeed')];
    for (const { wire } of [peer, server]) wire.emit('download', 5);
    peer.wire.emit('upload', 3);
    expect(peer.counts).toEqual({ fromPeers: 5, fromServers: 0, uploaded: 3 });
    expect(server.counts).toEqual({ fromPeers: 0, fromServers: 5, uploaded: 0 });
  });

  it('unchokes nobody for a viewer who only downloads', () => {
    for (const isSelfish of [true, false]) {
      const { wire, unchoke } = made('webrtc', isSelfish);
      wire.unchoke();
      expect(unchoke).toHaveBeenCalledTimes(isSelfish ? 0 : 1);
    }
  });
});
