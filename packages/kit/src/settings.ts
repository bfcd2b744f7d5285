// Settings from the environment: each states its name, bounds, default and what it is for, once; every fault is told at once.
// `npm run generate` writes .env.example, the services' blocks in docker-compose.yml and docs/settings.md from them.
import { isIP } from 'node:net';

/** The operator's mistake: the message names every faulty setting, what was found and what was wanted. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting<T> {
  /** A unit stands last in it: _SECONDS, _BYTES_MAX. */
  readonly name: string;
  /** What it is for, for .env.example and docs/settings.md. */
  readonly help: string;
  /** What a good value looks like, as the end of a sentence: "must be …". */
  readonly rule: string;
  readonly default: T | undefined;
  readonly required: boolean;
  /** Never printed, neither in errors nor in the log. */
  readonly secret: boolean;
  /** Undefined when the text is not a good value. */
  readonly parse: (text: string) => T | undefined;
}

export type SettingsSpec = Readonly<Record<string, Setting<unknown>>>;
export type Settings<S extends SettingsSpec> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

function setting<T>(
  name: string,
  rule: string,
  options: { default?: T | undefined; secret?: boolean },
  help: string,
  parse: (text: string) => T | undefined,
): Setting<T> {
  return {
    name,
    rule,
    help,
    default: options.default,
    required: !('default' in options),
    secret: options.secret ?? false,
    parse,
  };
}

/** A whole number. */
export function integer(
  name: string,
  rule: { min: number; max: number; default?: number },
  help = '',
): Setting<number> {
  return setting(name, `must be a whole number from ${rule.min} to ${rule.max}`, rule, help, (text) => {
    const value = Number(text);
    return /^-?\d+$/.test(text) && value >= rule.min && value <= rule.max ? value : undefined;
  });
}

/** A number that may have a fraction. */
export function decimal(
  name: string,
  rule: { min: number; max: number; default?: number },
  help = '',
): Setting<number> {
  return setting(name, `must be a number from ${rule.min} to ${rule.max}`, rule, help, (text) => {
    const value = Number(text);
    return /^-?\d+(\.\d+)?$/.test(text) && value >= rule.min && value <= rule.max ? value : undefined;
  });
}

export function port(name: string, rule: { default?: number }, help = ''): Setting<number> {
  return integer(name, { min: 1, max: 65_535, ...rule }, help);
}

export function flag(name: string, rule: { default?: boolean }, help = ''): Setting<boolean> {
  return setting(name, 'must be true or false', rule, help, (text) =>
    text === 'true' ? true : text === 'false' ? false : undefined,
  );
}

export function choice<T extends string>(
  name: string,
  rule: { of: readonly T[]; default?: T },
  help = '',
): Setting<T> {
  return setting(name, `must be one of ${rule.of.join(', ')}`, rule, help, (text) =>
    rule.of.find((one) => one === text),
  );
}

/** Free text of bounded length. */
export function text(name: string, rule: { charsMax: number; default?: string }, help = ''): Setting<string> {
  return setting(name, `must be at most ${rule.charsMax} characters`, rule, help, (value) =>
    value.length <= rule.charsMax ? value : undefined,
  );
}

/** A path in the file system, taken as it is. */
export function path(name: string, rule: { default?: string }, help = ''): Setting<string> {
  return setting(name, 'must be a path', rule, help, (value) => (value.includes('\0') ? undefined : value));
}

/** A secret in hex, so that no shell and no .env file ever changes it. Its value is never printed. */
export function secret(
  name: string,
  rule: { charsMin: number; default?: string },
  help = '',
): Setting<string> {
  return setting(
    name,
    `must be at least ${rule.charsMin} hexadecimal characters`,
    { ...rule, secret: true },
    help,
    (value) => (value.length >= rule.charsMin && /^[0-9a-f]+$/i.test(value) ? value : undefined),
  );
}

/** A URL with one of the given protocols ("https:"), without user, query and fragment. */
export function url(
  name: string,
  rule: { protocols: readonly string[]; example: string; default?: string | undefined },
  help = '',
): Setting<string> {
  return setting(
    name,
    `must be a ${rule.protocols.join(' or ')} URL, for example ${rule.example}`,
    rule,
    help,
    (value) => readUrl(value, rule.protocols),
  );
}

/** An IPv4 or IPv6 address to listen on. */
export function address(name: string, rule: { default?: string | undefined }, help = ''): Setting<string> {
  return setting(name, 'must be an IPv4 or IPv6 address', rule, help, (value) =>
    isIP(value) === 0 ? undefined : value,
  );
}

/** A setting that may be left out; its value is then undefined. */
export function optional<T>(one: Setting<T>): Setting<T | undefined> {
  return { ...one, default: undefined, required: false };
}

/** A list separated by commas or white space; each item must satisfy `item`. */
export function list<T>(
  name: string,
  rule: { of: string; itemsMax: number; item: (text: string) => T | undefined; default?: readonly T[] },
  help = '',
): Setting<readonly T[]> {
  return setting<readonly T[]>(
    name,
    `must be a comma-separated list of at most ${rule.itemsMax} ${rule.of}`,
    rule,
    help,
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
  const values: [string, unknown][] = [];
  for (const [key, one] of Object.entries(spec)) {
    const found = env[one.name]?.trim() ?? '';
    const value = found === '' ? one.default : one.parse(found);
    if (found === '' ? one.required : value === undefined)
      faults.push(`${one.name}${shown(one, found)}: ${one.rule}`);
    values.push([key, value]);
  }
  const settings = Object.freeze(Object.fromEntries(values)) as Settings<S>;
  if (faults.length === 0) faults.push(...check(settings));
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  return settings;
}

function shown(one: Setting<unknown>, found: string): string {
  if (found === '') return ' is not set';
  return one.secret ? ` (${found.length} characters, not shown)` : `="${found}"`;
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
