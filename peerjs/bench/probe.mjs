// Loaded into a server under test with --import: tells the bench what the process has used, after a collection.
process.on('message', () => {
  globalThis.gc();
  globalThis.gc();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.send({ cpuUs: user + system, rss, heap: heapUsed + external, arrayBuffers });
});
