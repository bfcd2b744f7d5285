// docs/operating.md speaks of what is there: alerts, settings, scripts, compose files.
import { exampleSettings, readRepositoryFile, repositoryFiles } from './support/repository.ts';

const page = readRepositoryFile('docs/operating.md');
/** The first column of the table below a head that begins so. */
const firstColumn = (head: string): string[] => {
  const table = page.slice(page.indexOf(`| ${head}`)).split('\n\n')[0]!;
  return [...table.matchAll(/^\| (\S+) +\|/gm)].map(([, cell]) => cell!).slice(2);
};

describe('docs/operating.md', () => {
  it('says of every alert what to do, and of no other', () => {
    const alerts = [...readRepositoryFile('metrics/alerts.yml').matchAll(/^ +- alert: (\w+)$/gm)];
    expect(alerts.length).toBeGreaterThan(5);
    expect(firstColumn('alert').sort()).toEqual(alerts.map(([, name]) => name!).sort());
  });

  it('names settings that there are', () => {
    const named = [...page.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !exampleSettings().has(name))).toEqual([]);
  });

  it('names files that there are', () => {
    const named = [...page.matchAll(/\b(?:scripts\/[a-z/.-]*[a-z]|docker-compose[a-z.]*\.yml)/g)].map(
      ([name]) => name,
    );
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !repositoryFiles().includes(name))).toEqual([]);
  });
});
