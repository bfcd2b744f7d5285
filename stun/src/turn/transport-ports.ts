// What the TURN server needs of the network: clients to answer, and sockets to relay from. Tests pass in fakes.
import type { AddressFamily, Transport } from '../engine.ts';
import type { Allocation } from './allocation.ts';

/** The client's end of a 5-tuple: a UDP address at one of our sockets, or a connection. */
export interface Client {
  readonly transport: Transport;
  /** As XOR-MAPPED-ADDRESS tells it. */
  readonly address: string;
  readonly port: number;
  /** Set and unset by the TURN server. */
  allocation: Allocation | undefined;
  /** The bytes are never written again, so they may be kept. False where they were dropped because the client is too slow. */
  send(data: Buffer, start: number, end: number): boolean;
  /** It asks for more than its share: a stream is not read for a moment, so that it cannot have us parse for nothing. */
  hold?(): void;
  /** The allocation has ended. */
  released(): void;
}

export interface RelaySocket {
  /** As `Client.send`. */
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
