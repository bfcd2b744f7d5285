// Connections that ended with an error, by its code: the library's WS_ERR_… or the system's E…, a bounded set of names.

export class SocketErrors {
  readonly byCode = new Map<string, number>();

  readonly count = (error: Error & { code?: string }): void => {
    const code = error.code ?? 'unknown';
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
  };
}
