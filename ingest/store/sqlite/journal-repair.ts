/** The journal at the start, and a new one where its pages cannot be read: the old one stays in the file under another name. */
import type { DatabaseSync } from 'node:sqlite';
import { isDamage } from './damage.ts';
import { type DamagedEntry, JOURNAL_TABLE, type JournalEntry, type JournalTable } from './journal.ts';
import type { WriterMemory } from './memory.ts';
import type { SetAside } from './set-aside.ts';
import { inTransaction } from './transaction.ts';

interface Parts {
  readonly journal: JournalTable;
  readonly memory: WriterMemory;
  readonly setAside: SetAside;
}

interface Counted {
  readonly id: number;
  readonly readings: number;
}

const MAX_ID = 2 ** 52;
const MAX_FAILURES = 20_000;
/** Of an entry that is written anew. */
const PIECE_READINGS = 50_000;

/** Takes what is whole into memory. `isWhole`: all of its pages could be read. */
export function loadJournal(
  db: DatabaseSync,
  { journal, memory, setAside }: Parts,
): { readonly entries: readonly Counted[]; readonly isWhole: boolean } {
  const damaged: DamagedEntry[] = [];
  const entries: Counted[] = [];
  const { read, isWhole } = readAll(db, journal, (entry) => damaged.push(entry));
  for (const { id, columns } of read) {
    if (memory.load(columns)) entries.push({ id, readings: columns.series.length });
    else damaged.push({ id, reason: 'it is of a series that there is not' });
  }
  for (const { id, reason } of damaged) setAside.journalEntry(id, reason);
  healSequence(db);
  // Numbers that no program has given, and after which it could give none.
  const isNumbered = entries.every(({ id }) => id > 0 && id <= MAX_ID);
  return { entries, isWhole: isWhole && isNumbered };
}

/** What can be read of the journal, around pages that cannot. */
export function readAll(
  db: DatabaseSync,
  journal: Pick<JournalTable, 'read' | 'readOne'>,
  onDamage: (entry: DamagedEntry) => void,
): { readonly read: readonly JournalEntry[]; readonly isWhole: boolean } {
  try {
    return { read: journal.read(Number.NEGATIVE_INFINITY, onDamage), isWhole: true };
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return { read: [...oneByOne(journal, newestId(db), onDamage)], isWhole: false };
}

function* oneByOne(
  journal: Pick<JournalTable, 'readOne'>,
  last: number,
  onDamage: (entry: DamagedEntry) => void,
): Generator<JournalEntry> {
  let failures = 0;
  for (let after = 0; after < last && failures <= MAX_FAILURES; ) {
    try {
      const entry = journal.readOne(after, onDamage);
      if (!entry) return;
      if (entry.columns) yield { id: entry.id, columns: entry.columns };
      after = Math.max(entry.id, after + 1);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // One number after the other, as many as a journal has: what is further on is damage, too.
      after++;
      failures++;
    }
  }
}

/** No entry has a higher number, but where damage has given it one. */
function newestId(db: DatabaseSync): number {
  const of = (sql: string): number => Number(db.prepare(sql).get()?.id ?? 0);
  const seq = of("SELECT CAST(seq AS REAL) AS id FROM sqlite_sequence WHERE name = 'journal'");
  if (seq >= 0 && seq <= MAX_ID) return seq;
  return of(`SELECT max(id) AS id FROM journal WHERE id BETWEEN 0 AND ${MAX_ID}`);
}

/** Of AUTOINCREMENT, which would give no number any more behind a garbled one. */
function healSequence(db: DatabaseSync): void {
  db.prepare(
    `UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM journal WHERE id <= :max)
     WHERE name = 'journal' AND NOT (typeof(seq) = 'integer' AND seq BETWEEN 0 AND :max)`,
  ).run({ max: MAX_ID });
}

/** Puts all that no chunk holds yet into a new journal. Numbers go on, since the reader knows those before. */
export function renewJournal(db: DatabaseSync, { journal, memory, setAside }: Parts): readonly Counted[] {
  const written: Counted[] = [];
  inTransaction(db, () => {
    const last = newestId(db);
    const { n } = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'damaged_journal_%'").get() as {
      n: number;
    };
    db.exec(`ALTER TABLE journal RENAME TO damaged_journal_${n + 1}; ${JOURNAL_TABLE}`);
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('journal', ?)").run(last);
    for (const columns of memory.recent(PIECE_READINGS))
      written.push({ id: journal.append(columns), readings: columns.series.length });
  });
  const reason = 'pages of the journal cannot be read; it has been begun anew with what could';
  setAside.tell({ series: null, from: null, to: null, reason });
  return written;
}
