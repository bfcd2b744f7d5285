// Node has a WebSocket of its own from version 22 on; before that tests take the one of ws, which has the same face.
import { WebSocket as NodeWebSocket } from 'ws';

export function useNodeWebSocket(): void {
  class QuietWebSocket extends NodeWebSocket {
    constructor(url: string) {
      super(url);
      this.on('error', () => undefined); // the close that follows says the same
    }
  }
  Object.assign(globalThis, { WebSocket: QuietWebSocket });
}
