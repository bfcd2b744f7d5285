// bittorrent-tracker's client was written for bundlers that bring Node's globals; this is all that it takes of them. Imported before it.
globalThis.process ??= {
  browser: true,
  env: {},
  nextTick: (run, ...args) => queueMicrotask(() => run(...args)),
};
