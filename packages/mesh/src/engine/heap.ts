// A binary heap: the smallest key comes out first.

export interface Keyed {
  readonly key: number;
}

export function pushHeap<T extends Keyed>(heap: T[], item: T): void {
  let i = heap.push(item) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]!.key <= item.key) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = item;
}

/** The heap must not be empty. */
export function popHeap<T extends Keyed>(heap: T[]): T {
  const first = heap[0]!;
  const last = heap.pop()!;
  const { length } = heap;
  for (let i = 0; length > 0;) {
    let child = 2 * i + 1;
    if (child + 1 < length && heap[child + 1]!.key < heap[child]!.key) child++;
    if (child >= length || heap[child]!.key >= last.key) {
      heap[i] = last;
      break;
    }
    heap[i] = heap[child]!;
    i = child;
  }
  return first;
}
