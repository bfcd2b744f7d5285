// What nodes ask each other beside clients' connections, as JSON. Both sides are ours, so a question that cannot be read is of another version.
import type { Delivery } from '../signaling/engine.ts';
import type { Passing } from './id-registry.ts';

export type Question =
  /** Pass a message on, as the owner of its receiver. `hops`: how many nodes have passed it on before. */
  | ({ readonly ask: 'relay'; readonly hops: number } & Passing)
  /** Tell the holder of an id something, as its owner. */
  | { readonly ask: 'tell'; readonly id: string; readonly text: string; readonly name?: string }
  /** The ids that this node owns, from the so many-th on. */
  | { readonly ask: 'ids'; readonly from: number };

export const writeQuestion = (question: Question): Buffer => Buffer.from(JSON.stringify(question));

/** Undefined where it is no JSON: another program may be on the engine. */
export function readQuestion(bytes: Buffer): Question | undefined {
  try {
    return JSON.parse(bytes.toString()) as Question;
  } catch {
    return undefined; // it gets no answer, and goes on
  }
}

const DELIVERIES: ReadonlySet<string> = new Set<Delivery>([
  'delivered',
  'queued',
  'dropped',
  'receiver_slow',
  'queue_full',
  'unreachable',
]);

/** None where there was no answer, or none that can be read. */
export function readIds(answer: Buffer | undefined): readonly string[] {
  try {
    const ids: unknown = JSON.parse(answer?.toString() ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
  } catch {
    return []; // another version's: its ids are not listed, and the caller has an answer
  }
}

/** Undefined where there was no answer, or none that can be read. */
export function readDelivery(answer: Buffer | undefined): Delivery | undefined {
  const text = answer?.toString() ?? '';
  return DELIVERIES.has(text) ? (text as Delivery) : undefined;
}
