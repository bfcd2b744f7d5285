// An EventTarget whose events have names and details that the compiler knows.

export class TypedEvents<Events extends object> {
  readonly #target = new EventTarget();

  /** Calls `listener` with the event's detail, until the signal aborts or the returned function is called. */
  on<Name extends keyof Events & string>(
    name: Name,
    listener: (detail: Events[Name]) => void,
    options: { signal?: AbortSignal; once?: boolean } = {},
  ): () => void {
    const call = (event: Event): void => listener((event as CustomEvent<Events[Name]>).detail);
    this.#target.addEventListener(name, call, options);
    return () => this.#target.removeEventListener(name, call);
  }

  /** The platform's way: the event is a CustomEvent. */
  addEventListener<Name extends keyof Events & string>(
    name: Name,
    listener: (event: CustomEvent<Events[Name]>) => void,
    options?: AddEventListenerOptions,
  ): void {
    this.#target.addEventListener(name, listener as EventListener, options);
  }

  removeEventListener<Name extends keyof Events & string>(
    name: Name,
    listener: (event: CustomEvent<Events[Name]>) => void,
  ): void {
    this.#target.removeEventListener(name, listener as EventListener);
  }

  protected emit<Name extends keyof Events & string>(name: Name, detail: Events[Name]): void {
    this.#target.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
