// What Node itself costs: forwards like a relay and understands nothing. A client's first packet is "P" and its peer's port;
// from then on ChannelData goes to that peer without its head, and what comes back gets the head again. A Binding is answered.
import { createSocket } from 'node:dgram';

const open = (port, onMessage) => {
  const socket = createSocket({
    type: 'udp4',
    lookup: (address, _options, callback) => callback(null, address, 4),
  });
  socket.on('message', onMessage);
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  return socket;
};
const relays = new Map();
const listener = open(Number(process.env.BENCH_PORT), (data, { port, address }) => {
  if (data[0] === 0x40) {
    const { socket, peerPort } = relays.get(port);
    socket.send(data, 4, data.length - 4, peerPort, '127.0.0.1');
    return;
  }
  if (data[0] === 0x50) {
    const socket = open(0, (payload) => {
      const packet = Buffer.allocUnsafe(4 + payload.length);
      packet.writeUInt16BE(0x4000, 0);
      packet.writeUInt16BE(payload.length, 2);
      payload.copy(packet, 4);
      listener.send(packet, 0, packet.length, port, address);
    });
    relays.set(port, { socket, peerPort: data.readUInt16BE(1) });
  }
  listener.send(data, 0, data.length, port, address);
});
