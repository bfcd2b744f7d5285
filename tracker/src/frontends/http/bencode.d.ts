declare module 'bencode' {
  const bencode: { encode(value: unknown): Uint8Array };
  export default bencode;
}
