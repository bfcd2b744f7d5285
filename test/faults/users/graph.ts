// Two pages that share a node of gun's graph: what one writes has to be acknowledged, and the other has to see it. They stay all the while.
import type { HonestClient } from '../../attack/honest/honest-client.ts';
import type { Journal } from '../../attack/journal.ts';
import { pause } from '../bundle.ts';
import { GunPage } from './gun-page.ts';

const PAUSE_MS = 200;
const SOUL = 'steady';

export class SharedNode implements HonestClient {
  readonly writer: GunPage;
  readonly #reader: GunPage;

  constructor(port: number) {
    this.writer = new GunPage(port);
    this.#reader = new GunPage(port);
  }

  async run(journal: Journal, isOver: () => boolean): Promise<void> {
    this.#reader.watch(SOUL);
    for (let number = 0; !isOver(); number++) {
      await journal.round('write', async () => {
        await Promise.all([this.#reader.sees(SOUL, number), this.writer.put(SOUL, number)]);
      });
      await pause(PAUSE_MS);
    }
    this.writer.close();
    this.#reader.close();
  }
}
