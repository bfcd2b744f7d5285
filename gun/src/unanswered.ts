// Questions to which this relay has no answer, while its linked gun relays are asked. The client is told "not found" once all of them have
// nothing, or after a while.

/** A link answers in a round trip. Stock gun says "not found" after two milliseconds, and its clients wait for that. */
const WAIT_MS = 400;
const QUESTIONS_MAX = 10_000;

interface Question {
  links: number;
  readonly timer: NodeJS.Timeout;
  readonly notFound: () => void;
}

export class Unanswered {
  readonly #questions = new Map<string, Question>();

  /** Nothing was found here, and `links` other relays are asked. */
  wait(id: string, links: number, notFound: () => void): void {
    if (links === 0 || this.#questions.size >= QUESTIONS_MAX || this.#questions.has(id)) {
      notFound();
      return;
    }
    const timer = setTimeout(() => this.#end(id)?.notFound(), WAIT_MS).unref();
    this.#questions.set(id, { links, timer, notFound });
  }

  /** Another relay has it. */
  answered(id: string): void {
    this.#end(id);
  }

  /** One of the relays that were asked has nothing. */
  foundNothing(id: string): void {
    const question = this.#questions.get(id);
    if (question !== undefined && --question.links <= 0) this.#end(id)?.notFound();
  }

  #end(id: string): Question | undefined {
    const question = this.#questions.get(id);
    clearTimeout(question?.timer);
    this.#questions.delete(id);
    return question;
  }
}
