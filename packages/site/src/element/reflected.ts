// Attributes of the element as properties, as HTML reflects its own (HTML §2.6.1).

const TEXTS = ['file', 'trackers', 'roster', 'webseed', 'p2p', 'worker', 'subtitle'] as const;
const FLAGS = ['stats', 'consent'] as const;
/** Property to attribute. */
const NUMBERS = { start: 'start', stop: 'stop', maxUpload: 'max-upload' } as const;

export type Reflected = Record<(typeof TEXTS)[number], string> &
  Record<(typeof FLAGS)[number], boolean> &
  Record<keyof typeof NUMBERS, number>;

/** Gives a class of elements these properties. What is not there is an empty text, false, or 0. */
export function reflectAttributes(prototype: HTMLElement & Reflected): void {
  const define = (
    name: string,
    get: (element: HTMLElement) => unknown,
    set: (element: HTMLElement, value: unknown) => void,
  ): void => {
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: HTMLElement) {
        return get(this);
      },
      set(this: HTMLElement, value: unknown) {
        set(this, value);
      },
    });
  };
  for (const name of TEXTS)
    define(
      name,
      (element) => element.getAttribute(name) ?? '',
      (element, value) => element.setAttribute(name, String(value)),
    );
  for (const name of FLAGS)
    define(
      name,
      (element) => element.hasAttribute(name),
      (element, value) => element.toggleAttribute(name, Boolean(value)),
    );
  for (const [name, attribute] of Object.entries(NUMBERS))
    define(
      name,
      (element) => Number(element.getAttribute(attribute)) || 0,
      (element, value) => element.setAttribute(attribute, String(Number(value) || 0)),
    );
}

/** What a page set before the element's script had come stands on the element itself, and would hide the property. */
export function takeUpProperties(element: HTMLElement): void {
  for (const name of [...TEXTS, ...FLAGS, ...Object.keys(NUMBERS)]) {
    const own = Object.getOwnPropertyDescriptor(element, name);
    if (own === undefined) continue;
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, own.value);
  }
}
