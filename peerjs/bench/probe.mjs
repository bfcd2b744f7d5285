// Loaded into a server under test with --import: tells the bench what the process has used up to the question, and what it holds after a
// collection. The collection is the bench's doing: `cpuUsAfter` is where the next step begins.
process.on('message', () => {
  const asked = process.cpuUsage();
  globalThis.gc?.();
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.send?.({
    cpuUs: asked.user + asked.system,
    cpuUsAfter: user + system,
    rss,
    heap: heapUsed + external,
    arrayBuffers,
  });
});
