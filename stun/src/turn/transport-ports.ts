// What the TURN server needs of the network: sockets to relay from. Tests pass in fakes. (Clients to answer: allocation.ts.)
import type { AddressFamily } from '../engine.ts';

export interface RelaySocket {
  /** The bytes are never written again, so they may be kept. False where they were dropped. */
  send(data: Buffer, start: number, end: number, port: number, address: string): boolean;
  close(): void;
}

export type OnDatagram = (data: Buffer, address: string, port: number) => void;

/** Binds at once: an Allocate is answered before the next one is read. Undefined where the port cannot be had. */
export type OpenRelaySocket = (
  family: AddressFamily,
  port: number,
  onDatagram: OnDatagram,
) => RelaySocket | undefined;
