// What keeps a page sharing that nobody looks at: browsers slow down the timers of hidden pages (to one a second, and in Chromium later to one a
// minute), and WebTorrent asks, unchokes and announces by timers; a worker's timers are left alone. Channels themselves are not slowed down.
// A page that holds a lock is not frozen either.

const SOURCE = `const timers = new Map();
onmessage = ({ data: { id, ms, isRepeated } }) => {
  if (ms === undefined) { clearTimeout(timers.get(id)); timers.delete(id); return; }
  timers.set(id, isRepeated ? setInterval(() => postMessage(id), ms) : setTimeout(() => { timers.delete(id); postMessage(id); }, ms));
};`;
/** Above the ids that a browser gives away itself. */
const FIRST_ID = 2 ** 40;

let isKept = false;

type Callback = (...args: unknown[]) => void;

/** Timers of this page run in a worker from now on; nothing happens where there are no workers. */
export function keepRunning(): void {
  if (isKept) return;
  isKept = true;
  void navigator.locks.request(
    'relay-swarm is sharing',
    { mode: 'shared' },
    () => new Promise(() => undefined),
  );
  let worker: Worker;
  try {
    worker = new Worker(URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' })));
  } catch {
    return; // it works all the same, only slower in the background
  }
  const calls = new Map<number, { run: () => void; isRepeated: boolean }>();
  let last = FIRST_ID;
  worker.onmessage = ({ data: id }: MessageEvent<number>) => {
    const call = calls.get(id);
    if (call?.isRepeated === false) calls.delete(id);
    call?.run();
  };
  const start =
    (isRepeated: boolean) =>
    (callback: Callback, ms = 0, ...args: unknown[]): number => {
      const id = ++last;
      calls.set(id, { run: () => callback(...args), isRepeated });
      worker.postMessage({ id, ms, isRepeated });
      return id;
    };
  const { clearTimeout: clearOwn } = globalThis;
  const clear = (id?: number): void => {
    if (id === undefined || id < FIRST_ID) clearOwn(id);
    else if (calls.delete(id)) worker.postMessage({ id });
  };
  Object.assign(globalThis, {
    setTimeout: start(false),
    setInterval: start(true),
    clearTimeout: clear,
    clearInterval: clear,
  });
}
