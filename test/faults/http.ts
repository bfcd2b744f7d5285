// GET through the bundle's nginx. A drill must notice when an answer takes too long, so every request has an end.
import { request } from 'node:http';

const ANSWER_MS_MAX = 4_000;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export function get(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}` };
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode!, body })).on('error', reject);
    });
    sent.setTimeout(ANSWER_MS_MAX, () => sent.destroy(new Error(`${path}: no answer in time`)));
    sent.on('error', reject).end();
  });
}
