// Questions that wait for their answers, each with a time-out, and a signal that ends it.
import type { Data } from './envelope.ts';
import { MeshError, type MeshErrorCode } from './errors.ts';

interface Question {
  readonly settle: (how: { data: Data } | { error: unknown }) => void;
}

export class Pending {
  readonly #questions = new Map<number, Question>();
  #last = 0;

  open(code: MeshErrorCode, timeoutMs: number, signal?: AbortSignal): { id: number; answer: Promise<Data> } {
    signal?.throwIfAborted();
    const id = ++this.#last;
    const answer = new Promise<Data>((resolve, reject) => {
      const abort = (): void => settle({ error: signal?.reason });
      const timer = setTimeout(
        () => settle({ error: new MeshError(code, `No answer within ${timeoutMs} ms`) }),
        timeoutMs,
      );
      const settle: Question['settle'] = (how) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#questions.delete(id);
        if ('data' in how) resolve(how.data);
        else reject(how.error instanceof Error ? how.error : new Error(String(how.error)));
      };
      signal?.addEventListener('abort', abort);
      this.#questions.set(id, { settle });
    });
    answer.catch(() => undefined); // whoever awaits it gets the error; where sending failed first, nobody awaits it
    return { id, answer };
  }

  isOpen(id: number): boolean {
    return this.#questions.has(id);
  }

  done(id: number, data: Data): void {
    this.#questions.get(id)?.settle({ data });
  }

  fail(id: number, error: unknown): void {
    this.#questions.get(id)?.settle({ error });
  }

  clear(): void {
    for (const { settle } of [...this.#questions.values()]) {
      settle({ error: new MeshError('LEFT', 'The room has been left') });
    }
  }
}
