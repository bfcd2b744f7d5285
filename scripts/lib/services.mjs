// The services as `npm start` runs them: their folders, and where each listens by its own settings.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

/** Of a port that makes no sense its own service tells.
 * @param {string} name
 * @param {string} value */
const url = (name, value) => (URL.canParse(value) ? [{ [name]: value }] : []);

/** What a service is told by itself on one machine, given where each service is found. Settings of one group belong together: none of them is
 * told where one is set already.
 * @typedef {(at: Readonly<Record<string, string>>, lan?: string) => readonly Record<string, string>[]} Local */

export const services = [
  {
    name: 'tracker',
    host: 'TRACKER_HOST',
    port: 'TRACKER_PORT',
    say: (at) => `http://${at}/  in a magnet: &tr=${encodeURIComponent(`ws://${at}`)}`,
    // Without nginx the tracker serves the pages itself, and tells them where the others are.
    /** @type {Local} */
    local: (at) => [
      { TRACKER_SITE_DIR: join(root, 'packages', 'site', 'dist', 'www') },
      ...url('TRACKER_PUBLIC_URL', `ws://${at['tracker']}`),
      ...url('RELAY_PEERJS_URL', `http://${at['peerjs']}`),
      ...url('RELAY_ICE_SERVERS_URL', `http://${at['stun']}/ice-servers`),
    ],
  },
  {
    name: 'peerjs',
    host: 'PEERJS_HOST',
    port: 'PEERJS_PORT',
    say: (at) => `http://${at}/  host ${at.split(':')[0]}, port ${at.split(':')[1]}, path /`,
  },
  {
    name: 'stun',
    host: 'STUN_HTTP_HOST',
    port: 'STUN_HTTP_PORT',
    say: (at) => `http://${at}/ice-servers`,
    // Like the others: for this machine, unless somebody says otherwise.
    /** @type {Local} */
    local: (_at, lan) => [
      {
        STUN_LISTEN_ADDRESSES: lan === undefined ? '127.0.0.1' : `127.0.0.1,${lan}`,
        PUBLIC_IP: lan ?? '127.0.0.1',
      },
    ],
  },
];

/** Where a compiled service listens for HTTP: its settings' defaults, completed by .env and the environment. */
export async function addressOf({ name, host, port }, env) {
  const module = await import(pathToFileURL(join(root, name, 'dist', 'settings.js')).href);
  const specs = Object.values(module)
    .filter((value) => typeof value === 'object')
    .flatMap(Object.values);
  const value = (setting) => env[setting]?.trim() || specs.find((one) => one.name === setting)?.default;
  const lan = env.LAN_ADDRESS?.trim();
  const listensOn = env[host]?.trim() || (lan ? '0.0.0.0' : (value(host) ?? '127.0.0.1'));
  const reachable = ['0.0.0.0', '::'].includes(listensOn) ? lan || '127.0.0.1' : listensOn;
  return `${reachable.includes(':') ? `[${reachable}]` : reachable}:${value(port)}`;
}

/** The environment completed by .env, as the services read it. */
export async function environment() {
  const { completeFromFile } = await import(
    pathToFileURL(join(root, 'packages', 'kit', 'dist', 'index.js')).href
  );
  return completeFromFile(join(root, '.env'), process.env);
}

/** What a service is told beyond the environment. With LAN_ADDRESS it listens for the network too.
 * @param {{ host: string, local?: Local }} service
 * @param {NodeJS.ProcessEnv} env
 * @param {Readonly<Record<string, string>>} at */
export function localSettings({ host, local }, env, at) {
  const lan = env.LAN_ADDRESS?.trim() || undefined;
  const isSet = (/** @type {string} */ name) => Boolean(env[name]?.trim());
  const groups = (local?.(at, lan) ?? []).filter((group) => !Object.keys(group).some(isSet));
  return Object.assign(lan !== undefined && !isSet(host) ? { [host]: '0.0.0.0' } : {}, ...groups);
}

/** Whether the service says that it is well. */
export async function isHealthy(at) {
  try {
    const { ok } = await fetch(`http://${at}/healthz`, { signal: AbortSignal.timeout(2_000) });
    return ok;
  } catch {
    return false; // not listening yet
  }
}
