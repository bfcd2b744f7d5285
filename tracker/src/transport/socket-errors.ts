// Connections that ended with an error, by its code: the system's E…, Node's ERR_… or, for a breach of the WebSocket protocol, WS_ERR_…;
// a bounded set of names.

export class SocketErrors {
  readonly byCode = new Map<string, number>();

  readonly count = (error: Error & { code?: string }): void => this.countName(error.code ?? 'unknown');

  countName(code: string): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
  }
}
