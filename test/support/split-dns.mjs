// A DNS server as a network has it whose names lead elsewhere inside: `split-dns.mjs NAME=ADDRESS…` answers these over UDP on 127.0.0.1 port 53
// with A records, and says of every other name that there is none. Prints a line when it listens.
import { createSocket } from 'node:dgram';

const [HEADER_BYTES, A, NXDOMAIN] = [12, 1, 3];
const zone = new Map(process.argv.slice(2).map((one) => /** @type {[string, string]} */ (one.split('='))));

/** The question's name, its type, and the bytes of it (RFC 1035 §4.1.2).
 * @param {Buffer} packet */
function questionOf(packet) {
  const labels = [];
  let at = HEADER_BYTES;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5; // the root's empty label, type and class
  return {
    name: labels.join('.').toLowerCase(),
    type: packet.readUInt16BE(at + 1),
    bytes: packet.subarray(HEADER_BYTES, end),
  };
}

const socket = createSocket('udp4');
socket.on('message', (packet, from) => {
  const { name, type, bytes } = questionOf(packet);
  const address = zone.get(name);
  const answers = address !== undefined && type === A ? [address] : [];
  const header = Buffer.alloc(HEADER_BYTES);
  packet.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (address === undefined ? NXDOMAIN : 0), 2); // an answer, recursion wanted and there
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const records = answers.map((one) =>
    // The name by its place in the question, then type, class, a minute to live, four bytes
    Buffer.concat([Buffer.from('c00c000100010000003c0004', 'hex'), Buffer.from(one.split('.').map(Number))]),
  );
  socket.send(Buffer.concat([header, bytes, ...records]), from.port, from.address);
});
socket.bind(53, '127.0.0.1', () => console.log('ready'));
