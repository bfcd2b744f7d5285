// The services as `npm start` runs them: their folders, and where each listens by its own settings.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

export const services = [
  {
    name: 'tracker',
    host: 'TRACKER_HOST',
    port: 'TRACKER_PORT',
    say: (at) => `http://${at}/  in a magnet: &tr=${encodeURIComponent(`ws://${at}`)}`,
    // Without nginx the tracker serves the pages itself.
    /** @type {(lan?: string) => Record<string, string>} */
    local: () => ({ TRACKER_SITE_DIR: join(root, 'packages', 'site', 'dist', 'www') }),
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
    /** @type {(lan?: string) => Record<string, string>} */
    local: (lan) => ({
      STUN_LISTEN_ADDRESSES: lan === undefined ? '127.0.0.1' : `127.0.0.1,${lan}`,
      PUBLIC_IP: lan ?? '127.0.0.1',
    }),
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

/** What a service is told beyond the environment: nothing, once one of these is set there. With LAN_ADDRESS it listens for the network too.
 * @param {{ host: string, local?: (lan?: string) => Record<string, string> }} service
 * @param {NodeJS.ProcessEnv} env */
export function localSettings({ host, local }, env) {
  const lan = env.LAN_ADDRESS?.trim() || undefined;
  const own = local?.(lan) ?? {};
  return {
    ...(lan !== undefined && !env[host]?.trim() ? { [host]: '0.0.0.0' } : {}),
    ...(Object.keys(own).some((name) => env[name]?.trim()) ? {} : own),
  };
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
