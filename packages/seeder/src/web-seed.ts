// HTTP addresses as web seeds (BEP 19) for browsers.

/** The addresses for this torrent. Where one ends with a slash, the name of a single file is added; the files of a folder are added by clients. */
export function webSeedsFor(
  urls: readonly string[],
  { name, isFile }: { readonly name: string; readonly isFile: boolean },
): string[] {
  return urls.map((url) => (isFile && url.endsWith('/') ? url + encodeURIComponent(name) : url));
}

const ASK_MS_MAX = 10_000;

/** What is wrong with it: it must answer ranges, and let pages of other sites read them; empty where it is good. An address of a folder (a slash at the end) is not asked. */
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
