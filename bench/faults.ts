/** `npm run faults -- NAME… [--rounds N] [--json]`: what is left after the worst has happened, on the whole process. */
import { killRounds } from './kill.ts';
import { runNamed } from './runner.ts';

await runNamed('fault', { kill: killRounds });
