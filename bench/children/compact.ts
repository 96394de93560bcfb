/** Compacts the store of a server that has ended. */
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import { readOptions, tellParent } from './parent.ts';

const { file } = await readOptions<{ file: string }>();
const store = await openSqliteStore(file);
const startedAt = performance.now();
await store.compact();
const seconds = (performance.now() - startedAt) / 1_000;
await store.stop();
await tellParent('compacted', seconds);
process.exit(0);
