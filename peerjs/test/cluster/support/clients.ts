// Clients of PeerJS and members of the mesh that note what they are told.
import type { Guest } from '../../../src/mesh/room-desk.ts';
import type { Member } from '../../../src/mesh/rooms.ts';
import type { EngineClient } from '../../../src/signaling/engine.ts';

export class Client implements EngineClient {
  id = '';
  token = '';
  readonly waitingBytes = 0;
  readonly heard: { type: string; payload?: string }[] = [];
  send(text: string): void {
    this.heard.push(JSON.parse(text) as { type: string });
  }
  /** How often it was told this. */
  times(type: string, payload?: string): number {
    return this.heard.filter((one) => one.type === type && one.payload === payload).length;
  }
}

interface Reply {
  readonly action: string;
  readonly id: string;
  readonly data: string;
  readonly members: { readonly id: string }[];
}

export class Visitor implements Guest {
  readonly addressKey = '192.0.2.1';
  member: Member | undefined = undefined;
  readonly heard: Reply[] = [];
  hasEnded = false;
  pay(): boolean {
    return true;
  }
  send(text: string): void {
    this.heard.push(JSON.parse(text) as Reply);
  }
  replaced(): void {
    this.member = undefined;
    this.hasEnded = true;
  }
  refuse(): void {
    // nothing here is too much
  }
  reject(): void {
    this.hasEnded = true;
  }
  /** Who else is in its room, by what it was told. */
  get others(): string[] {
    const others = new Set<string>();
    for (const { action, id, members } of this.heard) {
      if (action === 'members') {
        others.clear();
        for (const member of members) others.add(member.id);
      } else if (action === 'joined') others.add(id);
      else if (action === 'left') others.delete(id);
    }
    return [...others].sort();
  }
}
