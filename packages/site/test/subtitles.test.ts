import { chooseFile, subtitlesFor } from '../src/element/files.ts';
import { decodeSubtitles, toWebVtt } from '../src/element/web-vtt.ts';
import { readRange } from '../src/stream/range.ts';

const file = (path: string, length = 1) => ({ path, name: path.split('/').at(-1)!, length });

describe('toWebVtt()', () => {
  it('makes WebVTT of SubRip', () => {
    const srt =
      '\uFEFF1\r\n00:00:01,5 --> 00:00:02,000 X1:1\r\n<i>a</i> <font color="red">b</font> & c\r\nd --> e\r\n';
    expect(toWebVtt(srt)).toBe('WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n<i>a</i> b &amp; c\nd → e\n');
  });

  it('leaves WebVTT alone, and out what is no cue', () => {
    expect(toWebVtt('WEBVTT\n\nx')).toBe('WEBVTT\n\nx');
    expect(toWebVtt('hello\n\n2\nno time\nwords')).toBe('WEBVTT\n\n\n');
  });
});

it('decodeSubtitles() reads UTF-8, and old files', () => {
  expect(decodeSubtitles(new TextEncoder().encode('é').buffer)).toBe('é');
  expect(decodeSubtitles(new Uint8Array([0xe9]).buffer)).toBe('é');
});

describe('chooseFile()', () => {
  const files = [file('readme.txt', 9), file('a/small.mp4', 2), file('a/big.mkv', 5), file('cover.jpg', 7)];
  it.each([
    [undefined, 'a/big.mkv'],
    ['1', 'a/small.mp4'],
    ['*.jpg', 'cover.jpg'],
    ['SMALL', 'a/small.mp4'],
  ])('takes for %j %s', (wish, path) => {
    expect(chooseFile(files, wish)?.path).toBe(path);
  });
  it('finds nothing in a torrent of texts', () => {
    expect(chooseFile([file('readme.txt')])).toBeUndefined();
  });
});

it('subtitlesFor() takes those of the video, with their languages', () => {
  const files = [file('film.mp4'), file('film.pt-BR.srt'), file('other.en.srt'), file('film.vtt')];
  expect(subtitlesFor(files, files[0]!).map(({ language }) => language)).toEqual(['pt-br', undefined]);
});

it.each([
  [undefined, 'whole'],
  ['bytes=0-', { start: 0, end: 9 }],
  ['bytes=2-3', { start: 2, end: 3 }],
  ['bytes=-4', { start: 6, end: 9 }],
  ['bytes=5-99', { start: 5, end: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=5-2', 'whole'],
  ['bytes=-', 'whole'],
  ['items=0-1', 'whole'],
])('readRange(%j) of ten bytes is %j', (header, range) => {
  expect(readRange(header, 10)).toEqual(range);
});
