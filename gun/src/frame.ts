// What may be said to gun: it trusts the shape of what it hears, and uses names from outside as keys of its own objects. Pure.

/** One of gun's messages, checked; its fields have gun's own one-character names. */
export type GunMessage = Readonly<Record<string, unknown>> & {
  readonly '#'?: string;
  readonly get?: Readonly<Record<string, unknown>>;
};

const FIELDS = ['#', '@', '##', '><', '%', 'put', 'get', 'ok', 'err', 'dam', 'pid'] as const;
/** The handshake, a complaint, and a greeting that means nothing. The others make a relay dial where the sender wants. */
const DAM = ['?', '!', 'hi'];
const ID_CHARS_MAX = 128;
const DEPTH_MAX = 8;
/** Limit for what is asked for: gun keeps a question for nine seconds. */
const SOUL_CHARS_MAX = 4_096;
/** gun keeps what is dated in the future until then: a clock may be wrong, but not by days. */
const FUTURE_MS_MAX = 60_000;

/** A batch of gun's own clients has 9 KB at most: a few hundred. */
const MESSAGES_MAX = 10_000;

/** A message that must not reach gun, and its id where it has one to be told by. */
export interface RefusedMessage {
  readonly refused: string | undefined;
}

export const isRefused = (one: GunMessage | RefusedMessage): one is RefusedMessage => 'refused' in one;

/** The frame's messages. */
export function readFrame(text: string, nowMs: number): readonly (GunMessage | RefusedMessage)[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [{ refused: undefined }];
  }
  if (!Array.isArray(value)) return [readMessage(value, nowMs)];
  if (value.length > MESSAGES_MAX) return [{ refused: undefined }];
  return (value as unknown[]).map((one) => readMessage(one, nowMs));
}

function readMessage(value: unknown, nowMs: number): GunMessage | RefusedMessage {
  if (!isObject(value)) return { refused: undefined };
  const refused = {
    refused: typeof value['#'] === 'string' && isOptionalId(value['#']) ? value['#'] : undefined,
  };
  if (!isHarmless(value, DEPTH_MAX)) return refused;
  const message: Record<string, unknown> = {};
  for (const name of FIELDS) if (value[name] !== undefined) message[name] = value[name];
  const { '#': id, '@': answers, '><': seen, '##': hash, put, get, dam, pid } = message;
  const isGood =
    isOptionalId(id) &&
    isOptionalId(answers) &&
    isOptionalId(pid) &&
    (hash === undefined || typeof hash === 'number' || isOptionalId(hash)) &&
    (seen === undefined || typeof seen === 'string') &&
    (dam === undefined || (typeof dam === 'string' && DAM.includes(dam))) &&
    (get === undefined || (isObject(get) && isShort(get['#']) && isShort(get['.']))) &&
    (put === undefined || isGraph(put, nowMs));
  return isGood ? message : refused;
}

const isShort = (name: unknown): boolean => typeof name !== 'string' || name.length <= SOUL_CHARS_MAX;

/** Souls, each a node with the state of each of its fields. */
function isGraph(graph: unknown, nowMs: number): boolean {
  return (
    isObject(graph) &&
    Object.entries(graph).every(([soul, node]) => {
      const meta = isObject(node) ? node['_'] : undefined;
      const states = isObject(meta) ? meta['>'] : undefined;
      return (
        isObject(meta) &&
        meta['#'] === soul &&
        isObject(states) &&
        Object.values(states).every((state) => typeof state === 'number' && state <= nowMs + FUTURE_MS_MAX)
      );
    })
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names that every object inherits (`constructor`, `__proto__`, …) are refused as ids, keys and souls. */
const isInherited = (name: string): boolean => name in Object.prototype;

const isOptionalId = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.length <= ID_CHARS_MAX && !isInherited(value));

function isHarmless(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'string' || !isInherited(value);
  return (
    depthMax > 0 &&
    Object.entries(value).every(([name, inner]) => !isInherited(name) && isHarmless(inner, depthMax - 1))
  );
}
