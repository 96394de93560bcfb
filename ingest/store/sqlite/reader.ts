/** The thread that reads: a long query stops neither the event loop nor a commit. */
import { workerData } from 'node:worker_threads';
import { createHistory } from './history.ts';
import type { ReaderCalls, ThreadOptions } from './protocol.ts';
import { openDatabase } from './schema.ts';
import { serve } from './thread.ts';

const { file } = workerData as ThreadOptions;
const db = openDatabase({ file, readOnly: true });
const history = createHistory(db);

serve<ReaderCalls>({
  history,
  close() {
    db.close();
    return undefined;
  },
});
