// Sizes and counts as people write them on a command line. Pure.

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** `500k`, `1.5 MB`, `2G`: bytes, in thousands. @throws RangeError */
export function readBytes(text: string): number {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*$/i.exec(text) ?? [];
  if (number === undefined || unit === undefined)
    throw new RangeError(`must be a number of bytes such as 500k, 20M or 2G, but is "${text}"`);
  return Math.round(Number(number) * UNITS[unit.toLowerCase()]!);
}

/** @throws RangeError */
export function readCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new RangeError(`must be a whole number from 1 to 9999999, but is "${text}"`);
  return Number(text);
}

/** A port, or 0 for any that is free. @throws RangeError */
export function readPort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new RangeError(`must be a port from 0 to 65535, but is "${text}"`);
  return Number(text);
}

const SHOWN = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
export function showBytes(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(SHOWN.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${value.toFixed(step === 0 || value >= 100 ? 0 : 1)} ${SHOWN[step]!}`;
}
