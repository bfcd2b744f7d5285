// Settings from the environment: each has a name, bounds and a default on one line, and every fault is told at once.
// The only importer of envalid.
import { customCleanEnv, EnvMissingError, makeExactValidator } from 'envalid';
import { isIP } from 'node:net';

/** The operator's mistake: the message names every faulty setting, what was found and what was wanted. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting<T> {
  readonly name: string;
  /** What a good value looks like, as the end of a sentence: "must be …". */
  readonly rule: string;
  readonly default: T | undefined;
  readonly required: boolean;
  /** Never printed, neither in errors nor in the log. */
  readonly secret: boolean;
  /** Throws when the text is not a good value. */
  readonly parse: (text: string) => T;
}

export type SettingsSpec = Readonly<Record<string, Setting<unknown>>>;
export type Settings<S extends SettingsSpec> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

const refused = new Error('not a good value');

function setting<T>(
  name: string,
  rule: string,
  options: { default?: T | undefined; secret?: boolean },
  parse: (text: string) => T | undefined,
): Setting<T> {
  return {
    name,
    rule,
    default: options.default,
    required: !('default' in options),
    secret: options.secret ?? false,
    parse: (text) => {
      const value = parse(text);
      if (value === undefined) throw refused;
      return value;
    },
  };
}

/** A whole number. */
export function integer(name: string, rule: { min: number; max: number; default?: number }): Setting<number> {
  return setting(name, `must be a whole number from ${rule.min} to ${rule.max}`, rule, (text) => {
    const value = Number(text);
    return /^-?\d+$/.test(text) && value >= rule.min && value <= rule.max ? value : undefined;
  });
}

/** A number that may have a fraction. */
export function decimal(name: string, rule: { min: number; max: number; default?: number }): Setting<number> {
  return setting(name, `must be a number from ${rule.min} to ${rule.max}`, rule, (text) => {
    const value = Number(text);
    return /^-?\d+(\.\d+)?$/.test(text) && value >= rule.min && value <= rule.max ? value : undefined;
  });
}

export function port(name: string, rule: { default?: number }): Setting<number> {
  return integer(name, { min: 1, max: 65_535, ...rule });
}

export function flag(name: string, rule: { default?: boolean }): Setting<boolean> {
  return setting(name, 'must be true or false', rule, (text) =>
    text === 'true' ? true : text === 'false' ? false : undefined,
  );
}

export function choice<T extends string>(name: string, rule: { of: readonly T[]; default?: T }): Setting<T> {
  return setting(name, `must be one of ${rule.of.join(', ')}`, rule, (text) =>
    rule.of.find((one) => one === text),
  );
}

/** Free text of bounded length. */
export function text(name: string, rule: { charsMax: number; default?: string }): Setting<string> {
  return setting(name, `must be at most ${rule.charsMax} characters`, rule, (value) =>
    value.length <= rule.charsMax ? value : undefined,
  );
}

/** A path in the file system, taken as it is. */
export function path(name: string, rule: { default?: string }): Setting<string> {
  return setting(name, 'must be a path', rule, (value) => (value.includes('\0') ? undefined : value));
}

/** A secret in hex, so that no shell and no .env file ever changes it. Its value is never printed. */
export function secret(name: string, rule: { charsMin: number; default?: string }): Setting<string> {
  return setting(
    name,
    `must be at least ${rule.charsMin} hexadecimal characters`,
    { ...rule, secret: true },
    (value) => (value.length >= rule.charsMin && /^[0-9a-f]+$/i.test(value) ? value : undefined),
  );
}

/** A URL with one of the given protocols ("https:"), without user, query and fragment. */
export function url(
  name: string,
  rule: { protocols: readonly string[]; example: string; default?: string | undefined },
): Setting<string> {
  return setting(
    name,
    `must be a ${rule.protocols.join(' or ')} URL, for example ${rule.example}`,
    rule,
    (value) => readUrl(value, rule.protocols),
  );
}

/** An IPv4 or IPv6 address to listen on. */
export function address(name: string, rule: { default?: string | undefined }): Setting<string> {
  return setting(name, 'must be an IPv4 or IPv6 address', rule, (value) =>
    isIP(value) === 0 ? undefined : value,
  );
}

/** A list separated by commas or white space; each item must satisfy `item`. */
export function list<T>(
  name: string,
  rule: { of: string; itemsMax: number; item: (text: string) => T | undefined; default?: readonly T[] },
): Setting<readonly T[]> {
  return setting<readonly T[]>(
    name,
    `must be a comma-separated list of at most ${rule.itemsMax} ${rule.of}`,
    rule,
    (value) => {
      const items = value
        .split(/[\s,]+/)
        .filter((part) => part !== '')
        .map(rule.item);
      return items.length <= rule.itemsMax && items.every((item) => item !== undefined) ? items : undefined;
    },
  );
}

/** Reads a URL for `url()` and for list items: normalised, or undefined where it is none. */
export function readUrl(value: string, protocols: readonly string[]): string | undefined {
  if (!URL.canParse(value)) return undefined;
  const parsed = new URL(value);
  const plain =
    parsed.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
  return plain && protocols.includes(parsed.protocol) ? value : undefined;
}

/**
 * Reads all settings or throws one SettingsError that lists every fault.
 * A name that is missing, empty or blank counts as not set. `check` sees the settings that passed and
 * returns further faults, for rules between settings ("A must be less than B").
 */
export function readSettings<S extends SettingsSpec>(
  env: Environment,
  spec: S,
  check: (settings: Settings<S>) => readonly string[] = () => [],
): Settings<S> {
  const faults: string[] = [];
  const all = Object.values(spec);
  const given: Record<string, string> = {};
  for (const { name } of all) {
    const value = env[name]?.trim() ?? '';
    if (value !== '') given[name] = value;
  }
  const specs = Object.fromEntries(
    all.map((one) => [
      one.name,
      makeExactValidator<unknown>(one.parse)(one.required ? {} : { default: one.default as undefined }),
    ]),
  );
  const values: Record<string, unknown> = customCleanEnv(
    given,
    specs,
    (cleaned) => ({ ...(cleaned as object) }),
    {
      reporter: ({ errors }) => {
        for (const one of all) {
          const error = (errors as Record<string, Error | undefined>)[one.name];
          if (error === undefined) continue;
          if (error !== refused && !(error instanceof EnvMissingError)) throw error;
          const found = given[one.name];
          const shown =
            found === undefined
              ? ' is not set'
              : one.secret
                ? ` (${found.length} characters, not shown)`
                : `="${found}"`;
          faults.push(`${one.name}${shown}: ${one.rule}`);
        }
      },
    },
  );
  const settings = Object.freeze(
    Object.fromEntries(Object.entries(spec).map(([key, one]) => [key, values[one.name]])),
  ) as Settings<S>;
  if (faults.length === 0) faults.push(...check(settings));
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  return settings;
}

/** The settings as they may be logged: secrets are replaced by whether they are set. */
export function withoutSecrets<S extends SettingsSpec>(
  spec: S,
  settings: Settings<S>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(spec).map(([key, one]) => [
      one.name,
      one.secret ? (settings[key] === undefined ? 'not set' : 'set') : (settings[key] ?? null),
    ]),
  );
}
