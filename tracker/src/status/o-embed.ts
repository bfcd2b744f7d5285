// How to embed a page of ours, told to sites that ask: GET /oembed?url=… (https://oembed.com).
import { sendJson, type RequestHandler } from '@relay-swarm/kit';
import { sendRefusal } from '@relay-swarm/net';
import { embedFrame } from '@relay-swarm/protocol/embed';
import type { IncomingMessage } from 'node:http';

/** https://oembed.com/ §2.3.4, the type "video". */
export interface OEmbedVideo {
  readonly version: '1.0';
  readonly type: 'video';
  readonly provider_name: string;
  readonly provider_url: string;
  readonly title: string;
  readonly html: string;
  readonly width: number;
  readonly height: number;
}

const WIDTH = 640;
const WIDTH_MIN = 160;

/**
 * The answer for a /watch or /embed address of this site; undefined for any other address.
 * @param site where the pages are, for example https://tracker.example.org
 */
function oEmbed(
  site: string,
  address: string,
  most: { readonly width?: number; readonly height?: number } = {},
): OEmbedVideo | undefined {
  if (!URL.canParse(address) || !URL.canParse(site)) return undefined;
  const url = new URL(address);
  const { origin } = new URL(site);
  if (url.origin !== origin || !/^\/(watch|embed)\/?$/.test(url.pathname)) return undefined;
  if (!/^#?(magnet(:|%3a)|[0-9a-z]{32,40}$|https?(:|%3a))/i.test(url.hash) && !url.searchParams.has('magnet'))
    return undefined;
  const width = Math.max(WIDTH_MIN, Math.min(most.width ?? WIDTH, ((most.height ?? Infinity) * 16) / 9));
  const size = { width: Math.round(width), height: Math.round((width * 9) / 16) };
  const title = nameOf(url) ?? 'Video';
  url.pathname = '/embed';
  return {
    version: '1.0',
    type: 'video',
    provider_name: 'relay-swarm',
    provider_url: origin,
    title,
    html: embedFrame({ url: url.href, title, ...size }),
    ...size,
  };
}

/** The name that the magnet gives (dn). */
function nameOf(url: URL): string | undefined {
  const magnet = url.searchParams.get('magnet') ?? url.hash.slice(1);
  const fields = new URLSearchParams(magnet.replace(/^magnet(:|%3a)\??/i, ''));
  return fields.get('dn') ?? undefined;
}

/** `/oembed?url=…`: how to embed a page of ours, for sites that ask (https://oembed.com). */
export const answerOEmbed: RequestHandler = (request, response) => {
  if (request.url?.split('?', 1)[0] !== '/oembed' || request.method !== 'GET') return false;
  const query = new URL(request.url, 'http://localhost').searchParams;
  const number = (name: string): { [key: string]: number } => {
    const value = Number(query.get(name) ?? Number.NaN);
    return value > 0 && Number.isFinite(value) ? { [name.replace('max', '')]: value } : {};
  };
  const anybody = { 'access-control-allow-origin': '*' };
  if (![null, 'json'].includes(query.get('format'))) {
    sendRefusal(response, 'not_offered', {
      message: 'Only format=json is answered here',
      headers: anybody,
    });
    return true;
  }
  const answer = oEmbed(siteAsAsked(request), query.get('url') ?? '', {
    ...number('maxwidth'),
    ...number('maxheight'),
  });
  if (answer !== undefined) sendJson(response, 200, answer, anybody);
  else
    sendRefusal(response, 'not_found', {
      message: 'url must be a /watch or /embed address of this site with a magnet in its fragment',
      headers: anybody,
    });
  return true;
};

function siteAsAsked(request: IncomingMessage): string {
  const scheme = request.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${request.headers.host ?? ''}`;
}
