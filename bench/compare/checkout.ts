/** A commit beside the working tree, ready to start: its files, its packages, its page. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/harness/process.ts';
import type { RunContext } from '../run-context.ts';
import type { Side } from './compare-run.ts';

/** A worktree in the folder of the run, taken away with it. */
export function checkOut(context: RunContext, commit: string): Side {
  const name = git('rev-parse', '--short', `${commit}^{commit}`).trim();
  const root = join(context.folder, 'base');
  context.say(`checking out ${name}`);
  git('worktree', 'add', '--detach', root, name);
  context.finally(() => git('worktree', 'remove', '--force', root));
  installPackages(root);
  execFileSync('npm', ['run', '--silent', 'prepare'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return { name, root };
}

/** Of the same lock file, the packages are those of the working tree: linked file by file, so that nothing is fetched. */
function installPackages(root: string): void {
  const lock = (of: string): string => readFileSync(join(of, 'package-lock.json'), 'utf8');
  if (lock(root) !== lock(ROOT)) {
    execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return;
  }
  const packages = join(root, 'node_modules');
  try {
    execFileSync('cp', ['-al', join(ROOT, 'node_modules'), packages], { stdio: 'ignore' });
  } catch {
    // Another file system: there is nothing to link.
    rmSync(packages, { recursive: true, force: true });
    execFileSync('cp', ['-a', join(ROOT, 'node_modules'), packages]);
  }
  // What is compiled stays with the side that compiled it.
  rmSync(join(packages, '.cache'), { recursive: true, force: true });
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
