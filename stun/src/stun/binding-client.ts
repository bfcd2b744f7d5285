// A STUN Binding request over UDP (RFC 8489 §2): asks a server how it sees us. Proves that a server answers, and finds a public address.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../engine.ts';
import { MessageReader } from './message-reader.ts';
import { ATTRIBUTE, CLASS, HEADER_BYTES, MAGIC_COOKIE, METHOD, TRANSACTION_ID_BYTES } from './constants.ts';

/** RFC 8489 §6.2.1 begins with 500 ms; these servers are near. */
const RETRANSMIT_MS = 250;

/** The address that the server answers with, or a rejection in words once the time is up. */
export async function askBinding(server: Endpoint, { timeoutMs }: { timeoutMs: number }): Promise<Endpoint> {
  const request = Buffer.alloc(HEADER_BYTES);
  request.writeUInt16BE(CLASS.request | METHOD.binding, 0);
  request.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(TRANSACTION_ID_BYTES).copy(request, 8);

  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
  const timers: NodeJS.Timeout[] = [];
  try {
    return await new Promise<Endpoint>((resolve, reject) => {
      const fail = (reason: string): void =>
        reject(new Error(`Cannot get a STUN answer from ${server.host} port ${server.port}: ${reason}`));
      socket.on('error', (error) => fail(error.message));
      socket.on('message', (answer) => {
        const address = readAnswer(answer, request.subarray(8, HEADER_BYTES));
        if (address !== undefined) resolve(address);
      });
      const send = (): void => sendTo(socket, request, server, fail);
      timers.push(
        setInterval(send, RETRANSMIT_MS),
        setTimeout(() => fail(`silent for ${timeoutMs} ms`), timeoutMs),
      );
      send();
    });
  } finally {
    timers.forEach(clearInterval);
    socket.close();
  }
}

function sendTo(
  socket: Socket,
  request: Buffer,
  { host, port }: Endpoint,
  fail: (reason: string) => void,
): void {
  socket.send(request, port, host, (error) => {
    // A name that does not resolve or a missing network will not be there 250 ms later; a full buffer may be free by then.
    if (error) fail(error.message);
  });
}

/** XOR-MAPPED-ADDRESS of a success response to our transaction, or undefined. */
function readAnswer(message: Buffer, transactionId: Buffer): Endpoint | undefined {
  const reader = new MessageReader();
  if (!reader.read(message, 0, message.length)) return undefined;
  if (reader.class !== CLASS.success || reader.method !== METHOD.binding) return undefined;
  const index = reader.transactionId.equals(transactionId) ? reader.find(ATTRIBUTE.xorMappedAddress) : -1;
  const address = index < 0 ? undefined : reader.xorAddress(index);
  return address && { host: address.address, port: address.port };
}
