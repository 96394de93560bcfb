/**
 * Who starts the server by `npm start` has npm, a shell and Node in a row, and signals one of them. npm and the shell end at
 * SIGTERM without a word to Node, and at SIGKILL in any case: it would go on without parents, with the ports and the lock.
 */
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 500;
/** npm's scripts are run by one of these, if it does not put Node in its own place. */
const SHELLS = /^(sh|dash|ash|bash|ksh|zsh|busybox)$/;
/** What npm calls the scripts that start us: `npm start`, and `npx aimak`. */
const OURS: readonly (string | undefined)[] = ['start', 'npx'];

/**
 * Stops this process as SIGTERM does, once npm or its shell is gone. Whatever else started it, such as a service manager,
 * may go: only the parents within the chain are looked at, and only where npm started it. So `nohup npm start &` and
 * `setsid npm start` live on, since npm does. Windows does not tell of a parent's end: nothing is done there.
 */
export function endWithNpm(env: NodeJS.ProcessEnv): void {
  if (!OURS.includes(env.npm_lifecycle_event)) return;
  const began = parents();
  const timer = setInterval(() => {
    if (parents() === began) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  timer.unref();
}

/** The parent, and where that is a shell, the shell's: npm. The ids of the living; another id comes in place of one that ended. */
function parents(): string {
  const parent = process.ppid;
  const { command, ppid } = readStat(parent);
  return SHELLS.test(command) ? `${parent} ${ppid}` : `${parent}`;
}

/** Linux only; elsewhere the direct parent must do. */
function readStat(pid: number): { readonly command: string; readonly ppid: string } {
  try {
    const [, command = '', ppid = ''] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { command, ppid };
  } catch {
    return { command: '', ppid: '' };
  }
}
