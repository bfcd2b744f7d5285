// Reads JSON from strangers field by field. What no reader names never gets past here.
// Own code instead of a schema library: the browser loads it too, and a page whose CSP forbids eval must be able to.

/** The remote's mistake. The message may be told to the remote. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** One JSON object, and where it stands in the message ("descriptor.services"), for complaints. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ProtocolError(`Cannot read ${path === '' ? 'the message' : path}: wanted a JSON object`);
    }
    this.#object = value as Record<string, unknown>;
    this.#path = path;
  }

  /** Reads a frame or a body. The length is looked at before anything is parsed. */
  static fromJson(text: string, charsMax: number): Fields {
    if (text.length > charsMax) {
      throw new ProtocolError(`Cannot read ${text.length} characters: the most is ${charsMax}`);
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ProtocolError('Cannot read the message: wanted JSON'); // JSON.parse's own words quote the stranger's text
    }
    return new Fields(value);
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string, rule: { charsMax: number; charsMin?: number }): string {
    const value = this.#get(name);
    const charsMin = rule.charsMin ?? 1;
    return typeof value === 'string' && value.length >= charsMin && value.length <= rule.charsMax
      ? value
      : this.#refuse(name, `text of ${charsMin} to ${rule.charsMax} characters`);
  }

  /** Lowercase hexadecimal of exactly this many characters. */
  hex(name: string, chars: number): string {
    const value = this.#get(name);
    return typeof value === 'string' && value.length === chars && /^[0-9a-f]*$/.test(value)
      ? value
      : this.#refuse(name, `${chars} lowercase hexadecimal characters`);
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#get(name);
    return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : this.#refuse(name, `a whole number from ${min} to ${max}`);
  }

  decimal(name: string, min: number, max: number): number {
    const value = this.#get(name);
    return typeof value === 'number' && value >= min && value <= max // NaN and infinities do not exist in JSON
      ? value
      : this.#refuse(name, `a number from ${min} to ${max}`);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#get(name);
    return (
      values.find((one) => one === value) ?? this.#refuse(name, `one of ${values.slice(0, 16).join(', ')}`)
    );
  }

  /** A URL in its normal form: with one of the protocols, a host, and neither user nor fragment. */
  url(name: string, protocols: readonly string[]): string {
    const value = this.#get(name);
    return typeof value === 'string' && isUrl(value, protocols)
      ? value
      : this.#refuse(name, `a ${protocols.join(' or ')} URL of at most ${URL_CHARS_MAX} characters`);
  }

  /** Those of the fields that are there, each a URL. */
  optionalUrls<K extends string>(
    names: readonly K[],
    protocols: readonly string[],
  ): Partial<Record<K, string>> {
    const found = names.filter((name) => this.has(name)).map((name) => [name, this.url(name, protocols)]);
    return Object.fromEntries(found) as Partial<Record<K, string>>;
  }

  /** The object in this field. */
  object(name: string): Fields {
    return new Fields(this.#get(name), this.#at(name));
  }

  /** A list of objects, read one by one. */
  objects<T>(name: string, itemsMax: number, read: (item: Fields) => T): T[] {
    return this.#list(name, itemsMax).map((item, i) => read(new Fields(item, `${this.#at(name)}[${i}]`)));
  }

  /** As `objects`, without those that cannot be read: what one stranger has written must not take away the others. */
  readableObjects<T>(name: string, itemsMax: number, read: (item: Fields) => T): T[] {
    return this.#list(name, itemsMax).flatMap((item, i) => {
      try {
        return [read(new Fields(item, `${this.#at(name)}[${i}]`))];
      } catch (error) {
        if (error instanceof ProtocolError) return [];
        throw error;
      }
    });
  }

  /** A list of words, each of which must match. */
  words(name: string, itemsMax: number, pattern: RegExp): string[] {
    const items = this.#list(name, itemsMax);
    return items.every((item) => typeof item === 'string' && pattern.test(item))
      ? (items as string[])
      : this.#refuse(name, `words that match ${pattern.source}`);
  }

  /** An object whose names come from outside: each must match, each value must be a URL. */
  urls(
    name: string,
    entriesMax: number,
    pattern: RegExp,
    protocols: readonly string[],
  ): Record<string, string> {
    const entries = Object.entries(this.object(name).#object);
    const good =
      entries.length <= entriesMax &&
      entries.every(([key, url]) => pattern.test(key) && typeof url === 'string' && isUrl(url, protocols));
    // fromEntries defines own properties, so that no name reaches a setter such as __proto__
    return good
      ? (Object.fromEntries(entries) as Record<string, string>)
      : this.#refuse(name, `at most ${entriesMax} names that match ${pattern.source}, each with a URL`);
  }

  #list(name: string, itemsMax: number): unknown[] {
    const value = this.#get(name);
    return Array.isArray(value) && value.length <= itemsMax
      ? (value as unknown[])
      : this.#refuse(name, `a list of at most ${itemsMax}`);
  }

  /** Own properties only: "constructor" and "__proto__" are found on every object's prototype. */
  #get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #refuse(name: string, wanted: string): never {
    throw new ProtocolError(`Cannot read ${this.#at(name)}: wanted ${wanted}`);
  }
}

export const URL_CHARS_MAX = 256;

/** The standard's URL, which browsers and Node share: only what is used of it, since this package knows neither's types. */
interface StandardUrl {
  readonly href: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly username: string;
  readonly password: string;
  readonly hash: string;
}
declare const URL: { canParse(text: string): boolean; new (text: string): StandardUrl };

/** Whether the text is such a URL, written as the URL parser would write it (a lone trailing slash may be missing). */
export function isUrl(text: string, protocols: readonly string[]): boolean {
  if (text.length > URL_CHARS_MAX || !URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    protocols.includes(url.protocol) &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    (url.href === text || url.href === `${text}/`)
  );
}
