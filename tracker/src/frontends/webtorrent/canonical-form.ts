// The plain way to read a message: JSON.parse, and the known fields written anew in the usual form. So whatever is unusual about a frame
// (escaped or repeated keys, deep nesting) means the same as the usual form of it. Pure.

/** What is read of a message, */
export const FIELDS = [
  'action',
  'info_hash',
  'peer_id',
  'to_peer_id',
  'event',
  'left',
  'numwant',
  'offers',
  'offer_id',
  'answer',
  'relays',
] as const;
/** and of each of its offers. */
export const ITEM_FIELDS = ['offer', 'offer_id'] as const;
const KNOWN_WORD = /^[a-z]{0,16}$/;

/** The frame's known fields, each read as its own property and written anew; undefined where the frame is no JSON object. */
export function canonicalForm(frame: Buffer): Buffer | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame.toString('utf8'));
    if (!isObject(parsed)) return undefined;
    const known = pick(parsed, FIELDS);
    // Unknown values may be written in ways that the fast walk would find unusual again, so they become "unknown".
    for (const name of ['action', 'event'] as const)
      if (typeof known[name] === 'string' && !KNOWN_WORD.test(known[name])) known[name] = 'unknown';
    if (Array.isArray(known['offers']))
      known['offers'] = known['offers'].map((item: unknown) =>
        isObject(item) ? pick(item, ITEM_FIELDS) : null,
      );
    return Buffer.from(JSON.stringify(known));
  } catch {
    return undefined; // no JSON, or nested so deep that the stack ends
  }
}

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names)
    if (Object.hasOwn(from, name)) picked[name] = (from as Record<string, unknown>)[name];
  return picked;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
