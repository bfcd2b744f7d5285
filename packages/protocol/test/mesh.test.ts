import { ProtocolError } from '../src/fields.ts';
import {
  MESH_SNAPSHOT_MAX,
  readMeshReply,
  writeMeshRequest,
  type MeshReply,
  type MeshRequest,
} from '../src/mesh-member.ts';
import { FALLBACK_TARGETS_MAX, readMeshRequest, writeMeshReply } from '../src/mesh.ts';

const id = 'ab'.repeat(32);
const requests: readonly MeshRequest[] = [
  { action: 'join', version: 1, room: 'cd'.repeat(32), id, signature: 'ef'.repeat(64) },
  { action: 'signal', to: id, data: 'sealed' },
  { action: 'status', version: 7, data: 'AAAA' },
  { action: 'fallback', to: [id], data: 'AAAA' },
  { action: 'leave' },
];
const replies: readonly MeshReply[] = [
  { action: 'challenge', challenge: '01'.repeat(32) },
  { action: 'members', members: [{ id }, { id, status: 'AAAA' }], isLast: true },
  { action: 'joined', id },
  { action: 'left', id },
  { action: 'signal', from: id, data: 'sealed' },
  { action: 'absent', id },
  { action: 'status', from: id, data: 'AAAA' },
  { action: 'fallback', from: id, data: 'AAAA' },
  { action: 'refused', what: 'fallback_budget', detail: 'wait', retryMs: 5 },
];

describe('signaling', () => {
  it.each(requests)('reads a request "$action" as it was written', (request) => {
    expect(readMeshRequest(writeMeshRequest(request))).toEqual(request);
  });

  it.each(replies)('reads a reply "$action" as it was written', (reply) => {
    expect(readMeshReply(writeMeshReply(reply))).toEqual(reply);
  });

  it.each([
    ['no JSON', '{'],
    ['an inherited word as action', '{"action":"constructor"}'],
    ['an id in capitals', JSON.stringify({ action: 'signal', to: id.toUpperCase(), data: 'x' })],
    ['a version below zero', JSON.stringify({ action: 'status', version: -1, data: 'x' })],
    [
      'too many receivers',
      JSON.stringify({ action: 'fallback', to: Array(FALLBACK_TARGETS_MAX + 1).fill(id), data: 'x' }),
    ],
    ['more characters than a frame may have', ' '.repeat(65_537)],
  ])('refuses %s', (_case, frame) => {
    expect(() => readMeshRequest(frame)).toThrow(ProtocolError);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['a list', '[]'],
    ['an inherited word as action', '{"action":"constructor"}'],
    ['an id in capitals', JSON.stringify({ action: 'joined', id: id.toUpperCase() })],
    ['a signal without data', JSON.stringify({ action: 'signal', from: id })],
    [
      'a signal of too many characters',
      JSON.stringify({ action: 'signal', from: id, data: 'x'.repeat(32_769) }),
    ],
    ['a member that is none', JSON.stringify({ action: 'members', members: [{ id }, 7], isLast: 1 })],
    [
      'too many members',
      JSON.stringify({ action: 'members', members: Array(MESH_SNAPSHOT_MAX + 1).fill({ id }), isLast: 1 }),
    ],
    [
      'a wait that is no number',
      JSON.stringify({ action: 'refused', what: 'rate', detail: 'x', retryMs: '5' }),
    ],
    [
      'more characters than a reply may have',
      `${JSON.stringify({ action: 'joined', id })}${' '.repeat(600_000)}`,
    ],
  ])('a member takes %s for no reply', (_case, frame) => {
    expect(() => readMeshReply(frame)).toThrow(ProtocolError);
  });

  it('drops fields that nobody named, so that no stranger plants one', () => {
    const frame = JSON.stringify({ action: 'leave', from: id });
    expect(readMeshRequest(frame)).toEqual({ action: 'leave' });
    const reply = JSON.stringify({ action: 'members', members: [{ id, more: 1 }], isLast: 0, from: id });
    expect(readMeshReply(reply)).toEqual({ action: 'members', members: [{ id }], isLast: false });
  });
});
