import { createLog } from '../src/log.ts';
import { readableLine, readableOutput } from '../src/readable-log.ts';

describe('a readable log', () => {
  const written: string[] = [];
  const log = createLog('service', 'debug', readableOutput({ write: (text) => written.push(text) }));
  beforeEach(() => {
    written.length = 0;
  });

  it.each<[string, () => void, string]>([
    ['the message', () => log.info('ready'), 'ready\n'],
    ['fields', () => log.info('listening', { port: 1 }), 'listening {"port":1}\n'],
    ['the level, where it is not the usual one', () => log.warn('slow'), 'warn: slow\n'],
    ['no settings, which are long', () => log.info('starting', { settings: { A: 1 } }), 'starting\n'],
    ['what a message of two lines says', () => log.info('a\nb'), 'a\nb\n'],
  ])('has %s', (_what, write, line) => {
    write();
    expect(written).toEqual([line]);
  });

  it("has the system's own refusals without a stack, and ours with it", () => {
    log.error('gone', { error: Object.assign(new Error('EACCES'), { syscall: 'open' }) });
    log.error('bug', { error: new Error('boom') });
    expect(written).toEqual([
      'error: gone {"error":"EACCES"}\n',
      expect.stringContaining('readable-log.test'),
    ]);
  });

  it.each(['plain text', '{"no":"message"}', 'null', '3'])('leaves %j as it is', (line) => {
    expect(readableLine(line)).toBe(line);
  });
});
