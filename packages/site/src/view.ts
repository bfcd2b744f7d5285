// How pages draw what changes: lit's templates, which escape what they are given. The only importer of lit.
import { render as renderInto } from 'lit';

export { html, nothing, render as renderInto, svg, type TemplateResult } from 'lit';
export { unsafeSVG } from 'lit/directives/unsafe-svg.js';

const drawn = new WeakSet<HTMLElement>();

/** Draws into the place, instead of what the page has there before its script: lit would draw behind that. */
export function render(value: unknown, place: HTMLElement): void {
  if (!drawn.has(place)) {
    drawn.add(place);
    place.replaceChildren();
  }
  renderInto(value, place);
}
