// bittorrent-tracker's client was written for bundlers that bring Node's globals; this is all that it takes of them. Imported before it.
const all = /** @type {Record<string, unknown>} */ (globalThis);
all.process ??= {
  browser: true,
  env: {},
  nextTick: (run, ...args) => queueMicrotask(() => run(...args)),
};
