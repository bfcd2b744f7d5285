// The frame of every page. Pure: text in, text out.

const NAVIGATION = { watch: 'Watch', seed: 'Seed', 'embed-code': 'Embed', mesh: 'Mesh', status: 'Status' };

/**
 * Scripts come from here and nowhere else. Styles may stand inline because the player's controls (media-chrome) bring theirs that way, in
 * shadow roots. Trackers, web seeds and posters are named by a magnet, so no list of hosts can be written here.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss: http: https: blob:",
  "media-src 'self' blob: http: https:",
  "img-src 'self' blob: data: http: https:",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

/** A page from its file: `<!-- {"title": …, "description": …, "bare": true} -->` and then what stands in <main>. */
export function renderPage({ name, source, names, style, script }) {
  const [, json, body] = /^<!--([^]*?)-->\n([^]*)$/.exec(source) ?? [];
  if (json === undefined)
    throw new Error(
      `Cannot read pages/${name}.html: its first lines must be a comment with the page's facts`,
    );
  const { title, description, bare = false } = JSON.parse(json);
  return `<!doctype html>
<html lang="en"${bare ? ' class="bare"' : ''}>
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<meta name="description" content="${description}">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${style}">
${script ? [...script.preloads.map((url) => `<link rel="modulepreload" href="${url}">`), `<script type="module" src="${script.url}"></script>`].join('\n') : ''}
</head>
<body>
${bare ? '' : header(name, names)}
<main id="main" data-page="${name}">
${body}
<noscript><p class="notice">This page needs JavaScript: browsers that talk to each other directly are programs.</p></noscript>
</main>
${bare ? '' : FOOTER}
</body>
</html>
`;
}

function header(current, names) {
  const links = Object.entries(NAVIGATION)
    .filter(([name]) => names.includes(name))
    .map(
      ([name, label]) => `<a href="/${name}"${name === current ? ' aria-current="page"' : ''}>${label}</a>`,
    );
  return `<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="brand" href="/"><svg aria-hidden="true" viewBox="0 0 32 32" width="28" height="28"><use href="/icon.svg#mark"/></svg>relay-swarm</a>
<nav aria-label="Pages">${links.join('')}</nav>
</header>`;
}

const FOOTER = `<p id="said" class="visually-hidden" role="status"></p>
<footer class="bottom"><p>Browsers send each other what you see here. This server introduces them and sees none of it.</p></footer>`;
