// How pages draw what changes: lit's templates, which escape what they are given. The only importer of lit.
export { html, nothing, render, svg, type TemplateResult } from 'lit';
export { unsafeSVG } from 'lit/directives/unsafe-svg.js';
