// The code for a frame that plays a magnet, with a live preview of exactly that code.
import { embedFrame } from '@relay-swarm/protocol/embed';
import { LinkError, readSource } from '../links/magnet.ts';
import { readPageLink, readSeconds, writePageLink, type PlayOptions } from '../links/page-link.ts';
import { byId, wireCopyButtons } from '../page.ts';
import { relaysOf } from '../relays.ts';
import { keepRunning } from '../seed/background.ts';
import { Seeds } from '../seed/seeds.ts';
import { wireShareForm } from '../seed/share-form.ts';

const PREVIEW_MS = 400;
const form = byId('options', HTMLFormElement);
const source = byId('source', HTMLTextAreaElement);
const fault = byId('source-fault');

function readForm(): Partial<PlayOptions> {
  const data = new FormData(form);
  const text = (name: string): string | undefined => {
    const value = data.get(name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const p2p = text('p2p');
  return {
    autoplay: data.has('autoplay'),
    muted: data.has('muted'),
    loop: data.has('loop'),
    controls: data.has('controls'),
    title: data.has('title'),
    stats: data.has('stats'),
    warningTitle: data.has('warningTitle'),
    p2p: p2p === 'off' || p2p === 'download-only' ? p2p : 'auto',
    startSeconds: readSeconds(text('start') ?? null),
    stopSeconds: readSeconds(text('stop') ?? null),
    subtitle: text('subtitle'),
    file: text('file'),
  };
}

/** What cannot be read as a time is left out of the code, and said. */
function checkTimes(): void {
  const wrong = ['start', 'stop'].filter((id) => {
    const field = byId(id, HTMLInputElement);
    const isWrong = field.value.trim() !== '' && readSeconds(field.value.trim()) === undefined;
    field.setAttribute('aria-invalid', String(isWrong));
    return isWrong;
  });
  byId('time-fault').textContent = wrong.length === 0 ? '' : 'A time is 90, 1m30s or 1:30.';
}

let timer: ReturnType<typeof setTimeout> | undefined;
let shown = '';
function update(): void {
  checkTimes();
  const wanted = source.value.trim();
  try {
    if (wanted !== '') readSource(wanted);
    fault.textContent = '';
    source.removeAttribute('aria-invalid');
  } catch (error) {
    fault.textContent = error instanceof LinkError ? error.message : String(error);
    source.setAttribute('aria-invalid', 'true');
    byId('result').hidden = true;
    return;
  }
  byId('result').hidden = wanted === '';
  if (wanted === '') return;
  const name = readName(wanted);
  const url = writePageLink(`${location.origin}/embed`, wanted, readForm());
  const code = embedFrame({ url, title: byId('frame-title', HTMLInputElement).value || name });
  byId('code').textContent = code;
  clearTimeout(timer);
  timer = setTimeout(() => preview(code), PREVIEW_MS);
}

/** Shows exactly the code that is copied, so that the preview is what the other page will show. */
function preview(code: string): void {
  if (code === shown) return;
  shown = code;
  const template = document.createElement('template');
  template.innerHTML = code; // our own, with everything in it escaped
  byId('preview').replaceChildren(template.content);
}

function readName(text: string): string {
  const named = readSource(text);
  return (named.kind === 'magnet' ? named.magnet.name : undefined) ?? 'Video';
}

wireShareForm(
  new Seeds(relaysOf(location.origin)),
  () => ({ trackers: [], webSeeds: [], isKept: true }),
  (seed) => {
    keepRunning();
    byId('open-note').hidden = false;
    source.value = seed.magnet;
    update();
  },
);
source.addEventListener('input', update);
form.addEventListener('input', update);
wireCopyButtons();
const given = readPageLink(new URL(location.href)).source;
if (given !== undefined) source.value = given;
update();
