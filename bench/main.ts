/** `npm run bench -- NAME… [--json]`: what it costs, measured on the whole process. */
import { measureRest } from './rest.ts';
import { runNamed } from './runner.ts';

await runNamed('bench', { rest: measureRest });
