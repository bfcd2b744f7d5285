// The frame of the tracker's own pages: no script, nothing from elsewhere.

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  code { padding: .1em .3em; border-radius: .3em; background: color-mix(in srgb, currentColor 10%, transparent); overflow-wrap: anywhere; }
  table { border-collapse: collapse; }
  th, td { padding: .15rem 1.5rem .15rem 0; text-align: left; font-weight: normal; }
  td { text-align: right; font-variant-numeric: tabular-nums; }
  footer { margin-top: 3rem; opacity: .7; }
`;

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);

/** A whole page around a body that is HTML already. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
<footer>relay-swarm: signaling that survives the loss of a server</footer>
</body>
</html>
`;
}

/** Two columns: what, how many. */
export function numbersTable(rows: readonly (readonly [string, number])[]): string {
  const line = ([label, value]: readonly [string, number]): string =>
    `<tr><th scope="row">${escapeHtml(label)}</th><td>${value.toLocaleString('en')}</td></tr>`;
  return `<table>${rows.map(line).join('')}</table>`;
}
