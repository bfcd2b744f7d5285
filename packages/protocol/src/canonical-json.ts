// The one text that stands for a JSON value, so that a signature means the same to everybody:
// names sorted by UTF-16 code unit, no white space, numbers and strings as JSON.stringify writes them (the idea of RFC 8785).

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Record<string, Json | undefined>)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`);
  return `{${members.join(',')}}`;
}
