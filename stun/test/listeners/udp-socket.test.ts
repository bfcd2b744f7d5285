import { createCounters } from '../../src/turn/counters.ts';
import { UdpSocket } from '../../src/listeners/udp-socket.ts';

function opened({ port = 0, sendBufferBytesMax = 65_536 }, counters = createCounters()): UdpSocket {
  return new UdpSocket({
    family: 4,
    host: '127.0.0.1',
    port,
    kernelBufferBytes: 65_536,
    sendBufferBytesMax,
    counters,
    onDatagram: () => undefined,
  });
}

describe('UdpSocket', () => {
  it('is bound when it is there, and says at once where it cannot be', () => {
    const socket = opened({});
    expect(socket.port).toBeGreaterThan(0);
    expect(() => opened({ port: socket.port })).toThrow('EADDRINUSE');
    socket.close();
  });

  it('drops and counts what the kernel has no room for, and sends nothing once it is closed', () => {
    const counters = createCounters();
    const full = opened({ sendBufferBytesMax: -1 }, counters); // nothing waits, and that is already too much
    expect(full.send(Buffer.from('x'), 0, 1, 9, '127.0.0.1')).toBe(false);
    expect(counters.drops.sendBuffer).toBe(1);
    full.close();
    expect(full.send(Buffer.from('x'), 0, 1, 9, '127.0.0.1')).toBe(false);
    expect(counters.drops.sendBuffer).toBe(1);
  });
});
