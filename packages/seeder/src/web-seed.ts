// Whether an HTTP address can serve as a web seed for browsers: it must answer ranges, and let pages of other sites read them.

const ASK_MS_MAX = 10_000;

/** What is wrong with it; empty where it is good. An address of a folder (a slash at the end) is not asked. */
export async function webSeedFaults(url: string): Promise<string[]> {
  if (url.endsWith('/')) return [];
  try {
    const response = await fetch(url, {
      headers: { range: 'bytes=0-0', origin: 'https://example.org' },
      signal: AbortSignal.timeout(ASK_MS_MAX),
    });
    await response.body?.cancel();
    const faults: string[] = [];
    if (response.status !== 206)
      faults.push(`answers a range with ${response.status} and not with 206: nobody can seek in it`);
    if (response.headers.get('access-control-allow-origin') === null)
      faults.push('has no Access-Control-Allow-Origin: browsers cannot use it');
    return faults;
  } catch (error) {
    return [`does not answer: ${error instanceof Error ? error.message : String(error)}`];
  }
}
