// How an owner tells the node that holds a connection to close it: a close code (RFC 6455 §7.4) and a reason, as in a close frame.

export function closeEntry(code: number, reason: string): Buffer {
  const entry = Buffer.alloc(2 + Buffer.byteLength(reason));
  entry.writeUInt16BE(code);
  entry.write(reason, 2);
  return entry;
}

export const readCloseEntry = (entry: Buffer): { code: number; reason: string } => ({
  code: entry.readUInt16BE(),
  reason: entry.toString('utf8', 2),
});
