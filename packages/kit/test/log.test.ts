import { createLog, silentLog } from '../src/log.ts';

const record = (level?: 'debug' | 'info' | 'warn' | 'error') => {
  const lines: string[] = [];
  const log = createLog('service', level, { write: (line) => lines.push(line) });
  return { log, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? 'null') };
};

describe('createLog()', () => {
  it('writes one JSON object a line: time, level, service, message and the fields', () => {
    const { log, lines, last } = record();
    log.info('ready\nor not', { parts: ['a'], note: 'line\nline' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(last()).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: 'info',
      service: 'service',
      message: 'ready\nor not',
      parts: ['a'],
      note: 'line\nline',
    });
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = record('warn');
    log.debug('no');
    log.info('no');
    log.warn('yes');
    log.error('yes');
    expect(lines).toHaveLength(2);
    expect(log.isDebug).toBe(false);
    expect(record('debug').log.isDebug).toBe(true);
  });

  it('writes an error with its message and stack', () => {
    const { log, last } = record();
    log.error('bug', { error: new Error('boom') });
    expect(last()['error']).toMatchObject({ message: 'boom', stack: expect.stringContaining('log.test') });
  });
});

describe('silentLog', () => {
  it('takes everything', () => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) silentLog[level]('x', { y: 1 });
    expect(silentLog.isDebug).toBe(false);
  });
});
