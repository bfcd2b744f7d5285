// The pages of packages/site, as built: for a tracker that has no nginx before it. The only importer of sirv.
import sirv from 'sirv';
import type { RequestHandler } from '@relay-swarm/kit';

/** Names with a hash in them, so what they hold never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Answers for the files in this folder, which are read once; everything else is left alone. nginx/templates/pages.conf says the same. */
export function createSite(folder: string): RequestHandler {
  const serve = sirv(folder, {
    gzip: true,
    brotli: true,
    etag: true,
    extensions: ['html'],
    setHeaders: (response, path) => {
      response.setHeader('x-content-type-options', 'nosniff');
      response.setHeader('cache-control', path.startsWith('/assets/') ? FOR_EVER : 'no-cache');
      response.setHeader(
        'content-security-policy',
        path === '/embed' ? 'frame-ancestors *' : "frame-ancestors 'self'",
      );
      if (/\.js(\.(br|gz))?$/.test(path)) response.setHeader('access-control-allow-origin', '*');
    },
  });
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    // Pages are small and sent as a whole; the library reads a range as it comes, and one that ends before it starts would throw.
    delete request.headers.range;
    let isServed = true;
    serve(request, response, () => {
      isServed = false;
    });
    return isServed;
  };
}
