declare module 'bittorrent-peerid' {
  /** Throws where the id is not 20 bytes. */
  export default function identify(peerId: Buffer): { client: string; version?: string | null | undefined };
}
