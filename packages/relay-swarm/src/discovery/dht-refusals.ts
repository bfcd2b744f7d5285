// What other DHT nodes refuse us, for the operator: without it "nobody answers" is all that is seen. An error is `d1:eli203e7:Bad ide1:t…1:y1:ee` (BEP 5).
const ERROR = /^d1:eli(\d{1,5})e(\d{1,4}):/;
const TEXT_BYTES_MAX = 80;
const HEAD_BYTES_MAX = 120;

/** The code and words of an error message; undefined for any other. */
export function readDhtError(message: Uint8Array): { code: number; text: string } | undefined {
  const head = Buffer.from(
    message.buffer,
    message.byteOffset,
    Math.min(message.length, HEAD_BYTES_MAX),
  ).toString('latin1');
  const match = ERROR.exec(head);
  if (match === null) return undefined;
  const [all, code, length] = match;
  const text = head.slice(all.length, all.length + Math.min(Number(length), TEXT_BYTES_MAX));
  return { code: Number(code), text: text.replace(/[^\x20-\x7e]/g, '?') };
}

/** In words for a person: BEP 42's 203 says that our id does not belong to our address. */
export function explainDhtError({ code, text }: { code: number; text: string }): string {
  const said = `${code} "${text}"`;
  return code === 203
    ? `DHT nodes refuse this one with ${said}: its node id does not belong to the address that they see (BEP 42). The host of TRACKER_PUBLIC_URL must lead to that address, or PUBLIC_IP be it`
    : `DHT nodes answer with the error ${said}`;
}
