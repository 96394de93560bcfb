/** A `timedatectl` in the place of systemd's, which not every machine has. */
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './server.ts';

/** The search path of a process for which it prints `answer`. */
export function pathWithTimedatectl(answer: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'timedatectl'), `#!/bin/sh\necho ${answer}\n`, { mode: 0o755 });
  return `${folder}${delimiter}${process.env.PATH}`;
}
