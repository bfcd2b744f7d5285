// A node's sign of life on the wire: JSON, as it is small and rare. Read field by field: another version may have written it.
import type { Heartbeat } from './membership.ts';

const NODE = /^[0-9a-f]{16}$/;
const RELEASE_CHARS_MAX = 64;
const GAUGES_MAX = 64;

export function writeHeartbeat(
  { node, release, isDraining, gauges }: Heartbeat,
  isGone: boolean,
): Uint8Array {
  const state = isGone ? 'gone' : isDraining ? 'draining' : 'there';
  return Buffer.from(JSON.stringify({ version: 1, node, release, state, gauges }));
}

/** Undefined where it cannot be read. */
export function readHeartbeat(bytes: Uint8Array): { heartbeat: Heartbeat; isGone: boolean } | undefined {
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined; // not JSON: another program on this engine
  }
  if (typeof read !== 'object' || read === null) return undefined;
  const { version, node, release, state, gauges } = read as Record<string, unknown>;
  if (version !== 1 || typeof node !== 'string' || !NODE.test(node)) return undefined;
  if (state !== 'there' && state !== 'draining' && state !== 'gone') return undefined;
  const numbers: Record<string, number> = {};
  if (typeof gauges === 'object' && gauges !== null)
    for (const [name, value] of Object.entries(gauges).slice(0, GAUGES_MAX))
      if (typeof value === 'number' && Number.isFinite(value)) numbers[name] = value;
  return {
    heartbeat: {
      node,
      release: typeof release === 'string' ? release.slice(0, RELEASE_CHARS_MAX) : '',
      isDraining: state === 'draining',
      gauges: numbers,
    },
    isGone: state === 'gone',
  };
}
