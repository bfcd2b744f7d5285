// Which web pages may connect: the allow list of origins. Browsers cannot lie about their origin, other programs can.

/** Whether a request with this Origin header (undefined: none) may connect; an empty list admits everybody. */
export function createOriginCheck(allowed: readonly string[]): (origin: string | undefined) => boolean {
  const exact = new Set(allowed);
  const suffixes = allowed
    .filter((one) => one.includes('//*.'))
    .map((one) => one.split('*') as [string, string]);
  return (origin) => {
    if (exact.size === 0) return true;
    if (origin === undefined) return exact.has('none');
    const name = origin.toLowerCase();
    return (
      exact.has(name) ||
      suffixes.some(
        ([scheme, domain]) =>
          name.startsWith(scheme) && name.endsWith(domain) && name.length > scheme.length + domain.length,
      )
    );
  };
}
