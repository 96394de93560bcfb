/** Looks at a database file of SQLite from outside, before its owner opens it: whether it is one, whose it is, how far it has come. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beginLog } from '../../link/background-sync.ts';
import { isUnreadable } from '../../link/sqlite-damage.ts';

/**
 * `blank`: there is a file, and no table in it. `id`: the number that our inventory has put into it; 0: none yet.
 * `foreign`: no database, not a file, or not to be read by this account.
 */
export type DatabaseLook =
  | { readonly kind: 'missing' | 'blank' | 'foreign' }
  | { readonly kind: 'there'; readonly id: number };

const HEADER_BYTES = 100;
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
/** Where the header keeps `PRAGMA user_version` and `PRAGMA application_id`. */
const [VERSION_AT, ID_AT] = [60, 68];

/** Reads its header only: SQLite itself would delete the log of a file that is empty. */
export function lookAt(file: string): DatabaseLook {
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    if (!existsSync(file)) return { kind: statSync(file, { throwIfNoEntry: false }) ? 'foreign' : 'missing' };
    if (!statSync(file).isFile()) return { kind: 'foreign' };
    const handle = openSync(file, 'r');
    try {
      if (readSync(handle, header) === 0) return { kind: 'blank' };
    } finally {
      closeSync(handle);
    }
  } catch {
    return { kind: 'foreign' };
  }
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) return { kind: 'foreign' };
  const id = header.readInt32BE(ID_AT);
  const hasTables = id !== 0 || header.readInt32BE(VERSION_AT) !== 0 || hasLog(file);
  return hasTables ? { kind: 'there', id } : { kind: 'blank' };
}

/** Header and first frame of a log, which `beginLog` writes and which says nothing. */
const BEGUN_LOG_BYTES = 32 + 24 + 4096;

/** Whether commits may wait beside the file. */
export function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > BEGUN_LOG_BYTES;
}

/**
 * The answer to a question of one number; null where the file cannot answer it. `readOnly`: nothing is changed; else it is
 * closed as its owner does, without a log beside it.
 */
export function askNumber(file: string, sql: string, readOnly: boolean): number | null {
  return inFile(file, { readOnly, fallback: null }, (db) => {
    const [value] = Object.values(db.prepare(sql).get() ?? {});
    return typeof value === 'number' ? value : null;
  });
}

/** What SQLite finds wrong with the whole of a small file, in its words; null where nothing is. Changes nothing. */
export function faultOf(file: string): string | null {
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      const [answer] = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {});
      return answer === 'ok' ? null : String(answer);
    } finally {
      db.close();
    }
  } catch (error) {
    return isDamage(error) ? (error as Error).message : null;
  }
}

/** Puts the number into the file, and the file itself has it: its log may be lost. Says whether it is there. */
export function putId(file: string, id: number): boolean {
  inFile(file, { readOnly: false, fallback: undefined }, (db) => {
    db.exec(`PRAGMA busy_timeout = 5000; PRAGMA application_id = ${id}; PRAGMA wal_checkpoint(TRUNCATE);`);
    beginLog(db);
  });
  const look = lookAt(file);
  return look.kind === 'there' && look.id === id;
}

function inFile<T>(
  file: string,
  { readOnly, fallback }: { readOnly: boolean; fallback: T },
  ask: (db: DatabaseSync) => T,
) {
  try {
    const db = new DatabaseSync(file, { readOnly });
    try {
      return ask(db);
    } finally {
      db.close();
    }
  } catch {
    return fallback;
  }
}

/** SQLITE_ERROR, of a statement, as where a table is gone. */
const STATEMENT_FAILS = 1;

/** Whether what was thrown while a file was opened or asked says that it is damaged, and not that the disk is full or away. */
export function isDamage(error: unknown): boolean {
  const { code, errcode = 0 } = error as { code?: string; errcode?: number };
  // A text in it that is no JSON any more.
  if (error instanceof SyntaxError) return true;
  return code === 'ERR_SQLITE_ERROR' && ((errcode & 0xff) === STATEMENT_FAILS || isUnreadable(error));
}
