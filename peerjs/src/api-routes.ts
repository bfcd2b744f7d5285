// Which requests `peer`'s HTTP API may see: `peer` answers any key. Pure.

export type ApiRoute = 'known' | 'bad_key' | 'not_found';

export function findApiRoute(url: string, api: { readonly path: string; readonly key: string }): ApiRoute {
  const [path = ''] = url.split('?', 1);
  if (path === api.path || `${path}/` === api.path) return 'known';
  if (!path.startsWith(api.path)) return 'not_found';
  const [key, method, ...more] = path.slice(api.path.length).split('/');
  if (more.length > 0 || (method !== 'id' && method !== 'peers')) return 'not_found';
  return key === api.key ? 'known' : 'bad_key';
}
