import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { ruleWire } from '../src/torrent/wire-rules.ts';

describe('ruleWire()', () => {
  const made = (type: string, isSelfish = false) => {
    const unchoke = jest.fn();
    const setTimeout = jest.fn();
    const update = jest.fn();
    const wire = Object.assign(new EventEmitter(), { type, unchoke, setTimeout });
    const counts = { fromPeers: 0, fromServers: 0, uploaded: 0, silentPeers: 0 };
    const torrent = { discovery: { tracker: { update } } };
    ruleWire(wire, torrent, { counts, isSelfish });
    return { wire, counts, unchoke, update };
  };

  it('lets a silent peer go, looks for it again, and counts it', () => {
    const { wire, counts, update } = made('webrtc');
    wire.emit('timeout');
    expect([counts.silentPeers, update.mock.calls.length]).toEqual([1, 1]);
  });

  it('counts what came from peers, what from servers, and what was passed on', () => {
    const [peer, server] = [made('webrtc'), made('webSeed')];
    for (const { wire } of [peer, server]) wire.emit('download', 5);
    peer.wire.emit('upload', 3);
    expect(peer.counts).toEqual({ fromPeers: 5, fromServers: 0, uploaded: 3, silentPeers: 0 });
    expect(server.counts).toEqual({ fromPeers: 0, fromServers: 5, uploaded: 0, silentPeers: 0 });
  });

  it('unchokes nobody for a viewer who only downloads', () => {
    for (const isSelfish of [true, false]) {
      const { wire, unchoke } = made('webrtc', isSelfish);
      wire.unchoke();
      expect(unchoke).toHaveBeenCalledTimes(isSelfish ? 0 : 1);
    }
  });
});
