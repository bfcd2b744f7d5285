// Links between pages of the documentation: to files that there are, and headings that they have.
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readRepositoryFile, repositoryFiles, root } from '../support/repository.ts';

const LINK = /\]\(([^)\s]+)\)/g;
/** Made by a program, which numbers headings of the same name. */
const GENERATED = 'packages/client/docs/api.md';

const pages = repositoryFiles().filter((file) => file.endsWith('.md'));
const withoutCode = (text: string): string => text.replace(/^ *```[^]*?^ *```$/gm, '');
/** As GitHub makes them. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .trim()
    .replaceAll(' ', '-');

function fault(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', heading] = link.split('#', 2);
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, file))) return `${page}: no file ${link}`;
  if (heading === undefined || !file.endsWith('.md') || file === GENERATED) return undefined;
  const anchors = [...withoutCode(readRepositoryFile(file)).matchAll(/^#+ (.*)$/gm)].map(([, one]) =>
    anchor(one!),
  );
  return anchors.includes(heading) ? undefined : `${page}: no heading ${link}`;
}

it('links in the documentation lead somewhere', () => {
  const links = pages.flatMap((page) =>
    [...withoutCode(readRepositoryFile(page)).matchAll(LINK)].map(([, link]) => [page, link!] as const),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(links.map(([page, link]) => fault(page, link)).filter((found) => found !== undefined)).toEqual([]);
});
