// When a server counts as gone, which may have the whole file fetched into memory.
import { jest } from '@jest/globals';
import { watchServer } from '../src/element/server-watch.ts';

const STALL_MS = 8_000;

describe('watchServer()', () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  let ended: AbortController;
  let isOnline: boolean;
  let answers: boolean;
  beforeEach(() => {
    jest.useFakeTimers();
    ended = new AbortController();
    [isOnline, answers] = [true, false];
    const navigator = {
      get onLine() {
        return isOnline;
      },
    };
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
    jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation(() =>
        answers ? Promise.resolve(new Response('')) : Promise.reject(new TypeError('Failed to fetch')),
      );
  });
  afterEach(() => {
    ended.abort();
    jest.restoreAllMocks();
    jest.useRealTimers();
    if (own === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', own);
  });
  const watched = (now: { paused: boolean; readyState: number }) => {
    const video = Object.assign(new EventTarget(), { src: 'https://server/film', currentTime: 0, ...now });
    const gone = jest.fn();
    watchServer(video as unknown as HTMLVideoElement, ended.signal, gone);
    return { video, gone };
  };

  it.each([
    ['nothing has come', { paused: true, readyState: 0 }, 1],
    ['it is played and waits', { paused: false, readyState: 2 }, 1],
    ['it is played and has what follows', { paused: false, readyState: 3 }, 0],
    ['nobody plays what has begun to come', { paused: true, readyState: 1 }, 0],
    ['it is paused', { paused: true, readyState: 2 }, 0],
  ])('where %s: %j', async (_, now, times) => {
    const { gone } = watched(now);
    await jest.advanceTimersByTimeAsync(STALL_MS * 3);
    expect(gone).toHaveBeenCalledTimes(times);
  });

  it('judges once somebody plays', async () => {
    const { video, gone } = watched({ paused: true, readyState: 1 });
    await jest.advanceTimersByTimeAsync(STALL_MS * 3);
    video.paused = false;
    video.dispatchEvent(new Event('waiting'));
    await jest.advanceTimersByTimeAsync(STALL_MS);
    expect(gone).toHaveBeenCalledTimes(1);
  });

  it('waits while the device is offline, and judges when it is back', async () => {
    const { gone } = watched({ paused: false, readyState: 0 });
    isOnline = false;
    await jest.advanceTimersByTimeAsync(STALL_MS * 3);
    expect(gone).not.toHaveBeenCalled();
    isOnline = true;
    await jest.advanceTimersByTimeAsync(STALL_MS);
    expect(gone).toHaveBeenCalledTimes(1);
  });

  it('leaves a server that answers', async () => {
    answers = true;
    const { gone } = watched({ paused: false, readyState: 0 });
    await jest.advanceTimersByTimeAsync(STALL_MS * 3);
    expect(gone).not.toHaveBeenCalled();
  });
});
