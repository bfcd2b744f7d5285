// Node hands every request with an `Upgrade` to the listener for upgrades, whatever it asks for. Ours know WebSocket only.
import { ServerResponse, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { leaveDoor } from './http-door.ts';

/** How long the other end has to read an answer. */
const READ_MS_MAX = 10_000;
/** How long it has to read a refusal. */
const REFUSAL_READ_MS_MAX = 2_000;

/**
 * Calls `upgrade` for what asks for a WebSocket. Every other request is answered as if it had asked for nothing (RFC 9110 §7.8),
 * and its connection is closed.
 */
export function onWebSocketUpgrade(
  server: Server,
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): void {
  server.on('upgrade', (request, socket, first) => {
    const head = leaveDoor(socket, first);
    if (/\bwebsocket\b/i.test(request.headers.upgrade ?? '')) upgrade(request, socket, head);
    else answerPlainly(server, request);
  });
}

function answerPlainly(server: Server, request: IncomingMessage): void {
  const { socket } = request;
  // Node no longer handles the connection: its time-outs and errors are ours to handle.
  const deadline = setTimeout(() => socket.destroy(), READ_MS_MAX).unref();
  socket.on('error', () => undefined); // 'close' follows
  socket.once('close', () => clearTimeout(deadline));
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket);
  } catch {
    socket.end(); // it was sent behind a request that is still being answered: that answer is the last one here
    return;
  }
  response.once('finish', () => socket.end());
  server.emit('request', request, response);
}

/**
 * Answers an upgrade with a status and JSON, and closes. Node has let go of the connection: a client that does not read, or that
 * never closes its half, is cut after `readMsMax`.
 */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: object,
  headers: Readonly<Record<string, string | number>> = {},
  readMsMax = REFUSAL_READ_MS_MAX,
): void {
  const json = JSON.stringify(body);
  const all = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(json),
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const deadline = setTimeout(() => socket.destroy(), readMsMax).unref();
  socket.on('error', () => undefined); // a client that is gone before its answer
  socket.once('close', () => clearTimeout(deadline));
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${json}`);
}
