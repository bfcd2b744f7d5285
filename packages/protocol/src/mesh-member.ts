// The mesh's signaling on /mesh (PROTOCOL.md, "Mesh: signaling"), the members' half. Browsers load this file, so its reader is small: it tells
// good from bad and no more, since a server's mistake is told to nobody.
import { ProtocolError } from './fields.ts';
import type { MeshRefusalCode } from './refusals.ts';

export const MESH_VERSION = 1;
export const MESH_FRAME_CHARS_MAX = 65_536;
export const MESH_SIGNAL_CHARS_MAX = 32_768;
/** Base64 of a status packet with STATUS_LINKS_MAX links. */
export const MESH_STATUS_CHARS_MAX = 4_096;
/** Members in one frame of a snapshot. */
export const MESH_SNAPSHOT_MAX = 64;
const WORD_CHARS_MAX = 64;
const DETAIL_CHARS_MAX = 1_024;
const RETRY_MS_MAX = 3_600_000;

export type MeshRequest =
  /** `version` asks for nothing yet: a server may refuse one that it does not speak. */
  | {
      readonly action: 'join';
      readonly version: number;
      readonly room: string;
      readonly id: string;
      readonly signature: string;
    }
  | { readonly action: 'signal'; readonly to: string; readonly data: string }
  | { readonly action: 'status'; readonly version: number; readonly data: string }
  | { readonly action: 'fallback'; readonly to: readonly string[]; readonly data: string }
  | { readonly action: 'leave' };

export interface MeshMember {
  readonly id: string;
  /** The newest status packet that the server has of it, base64. */
  readonly status?: string;
}

export type MeshReply =
  | { readonly action: 'challenge'; readonly challenge: string }
  /** Of one snapshot, in pieces: the last has `isLast`. */
  | { readonly action: 'members'; readonly members: readonly MeshMember[]; readonly isLast: boolean }
  | { readonly action: 'joined'; readonly id: string }
  | { readonly action: 'left'; readonly id: string }
  | { readonly action: 'signal'; readonly from: string; readonly data: string }
  | { readonly action: 'absent'; readonly id: string }
  | { readonly action: 'status'; readonly from: string; readonly data: string }
  | { readonly action: 'fallback'; readonly from: string; readonly data: string }
  | {
      readonly action: 'refused';
      readonly what: MeshRefusalCode;
      readonly detail: string;
      readonly retryMs?: number;
    };

type Rule = (value: unknown) => boolean;
/** Ids and challenges: 32 bytes. */
const isHex: Rule = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isText =
  (charsMax: number): Rule =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= charsMax;
const isUpTo =
  (max: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
const isOptional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined || rule(value);

type Shape = Readonly<Record<string, Rule>>;
const member: Shape = { id: isHex, status: isOptional(isText(MESH_STATUS_CHARS_MAX)) };
const presence: Shape = { id: isHex };
const from = (charsMax: number): Shape => ({ from: isHex, data: isText(charsMax) });
const replies: Readonly<Record<MeshReply['action'], Shape>> = {
  challenge: { challenge: isHex },
  members: {
    members: (value) => Array.isArray(value) && value.length <= MESH_SNAPSHOT_MAX,
    isLast: isUpTo(1),
  },
  joined: presence,
  left: presence,
  absent: presence,
  signal: from(MESH_SIGNAL_CHARS_MAX),
  status: from(MESH_STATUS_CHARS_MAX),
  fallback: from(MESH_FRAME_CHARS_MAX),
  refused: {
    what: isText(WORD_CHARS_MAX),
    detail: isText(DETAIL_CHARS_MAX),
    retryMs: isOptional(isUpTo(RETRY_MS_MAX)),
  },
};
/** Long enough for a snapshot's piece. */
const REPLY_CHARS_MAX = 2 * MESH_SNAPSHOT_MAX * (MESH_STATUS_CHARS_MAX + WORD_CHARS_MAX);

/** Reads what the server sent, or throws ProtocolError. */
export function readMeshReply(frame: string): MeshReply {
  let value: unknown;
  try {
    if (frame.length <= REPLY_CHARS_MAX) value = JSON.parse(frame);
  } catch {
    // As any other value that is no object
  }
  const { action } = pick(value, { action: (word) => Object.hasOwn(replies, word as string) });
  const reply = pick(value, replies[action as MeshReply['action']]);
  if (action === 'members') {
    reply['members'] = (reply['members'] as unknown[]).map((one) => pick(one, member));
    reply['isLast'] = reply['isLast'] === 1;
  }
  return { action, ...reply } as MeshReply;
}

/** The named fields of an object, and nothing else of it. */
function pick(value: unknown, shape: Shape): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(shape)) {
    // Own fields only: "constructor" is on every object
    const field = Object.hasOwn(Object(value) as object, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    if (!rule(field)) throw new ProtocolError(`Cannot read a reply: its "${name}" is not as wanted`);
    if (field !== undefined) picked[name] = field;
  }
  return picked;
}

export const writeMeshRequest = (message: MeshRequest): string => JSON.stringify(message);

/** What a member signs to join: good for this room, at this server, for this challenge only. */
export function meshJoinText(challenge: string, room: string, origin: string): string {
  return `relay-swarm mesh join 1\n${challenge}\n${room}\n${origin}`;
}
