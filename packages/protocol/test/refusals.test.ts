import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { httpRefusal, REFUSALS, refusalsPage, type Refusal } from '../src/refusals.ts';

const page = new URL('../../../docs/refusals.md', import.meta.url);

describe('the catalogue of refusals', () => {
  it('is what the documentation says; mended by npm run generate', async () => {
    const options = await resolveConfig(page);
    expect(readFileSync(page, 'utf8')).toBe(await format(refusalsPage(), { ...options, parser: 'markdown' }));
  });

  it.each(Object.entries<Refusal>(REFUSALS))(
    'spells %s as all are spelt',
    (code, { status, close, isToldToMember, retry, sentence }) => {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status ?? close ?? isToldToMember).toBeDefined();
      if (status === 429 || status === 503) expect(retry).toEqual(expect.any(Number));
      expect(Buffer.byteLength(sentence)).toBeLessThanOrEqual(123); // the reason in a close frame (RFC 6455 §5.5)
    },
  );
});

describe('httpRefusal()', () => {
  it('says when to come back, not to all the same', () => {
    expect(httpRefusal('draining')).toEqual({
      status: 503,
      body: { error: 'draining', message: 'This relay restarts' },
      headers: { 'retry-after': '5' },
    });
    expect(httpRefusal('draining', { random: 0.5 }).headers['retry-after']).toBe('8');
    expect(httpRefusal('address_rate', { retrySeconds: 3, message: 'Ask again in 3 s' })).toMatchObject({
      body: { message: 'Ask again in 3 s' },
      headers: { 'retry-after': '3' },
    });
    expect(httpRefusal('origin').headers).toEqual({});
  });
});
