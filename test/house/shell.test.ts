// Every shell script of the repository, by shellcheck.
import { execFileSync } from 'node:child_process';
import { readRepositoryFile, repositoryFiles, root } from '../support/repository.ts';
import { requireTool } from '../support/tools.ts';

requireTool('shellcheck')('shell scripts', () => {
  const scripts = repositoryFiles().filter(
    (file) =>
      file.endsWith('.sh') || (!/\.[a-z]+$/.test(file) && /^#!.*\b(ba)?sh\n/.test(readRepositoryFile(file))),
  );

  it('are found', () => {
    expect(scripts).toEqual(
      expect.arrayContaining(['.ci/run', 'certbot/publish.sh', 'scripts/setup', 'scripts/container/healthy']),
    );
  });

  it('have no fault that shellcheck knows', () => {
    expect(() =>
      execFileSync('shellcheck', ['-x', ...scripts], { cwd: root, stdio: 'pipe', encoding: 'utf8' }),
    ).not.toThrow();
  });
});
