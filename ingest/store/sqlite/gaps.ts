/** What is missing from an answer: the spans that lie aside, and those that a query has just found damaged. */
import type { DatabaseSync } from 'node:sqlite';
import type { DamagedSpan } from '../../../model/history.ts';
import type { Chunk } from './chunk.ts';
import { type Finding, isTs } from './damage.ts';
import type { Argument, PackedHistory, ReaderCalls } from './protocol.ts';

type Query = Argument<ReaderCalls, 'history'>;

export interface Gaps {
  /** A chunk that is left out. */
  add(chunk: Chunk & { readonly series: number }): void;
  /** An entry of the journal that cannot be read. The writer has it in memory until it is in chunks. */
  addEntry(id: number): void;
  /** The journal cannot be read at all: whatever the query asks for may be missing. */
  addJournal(query: Query): void;
  /** Of an answer that there was not: nothing of it belongs to the next. */
  clear(): void;
  /** All that an answer to `query` must say, and what the writer must look at. Begins anew. */
  take(query: Query): Pick<PackedHistory, 'damaged' | 'findings'>;
}

/** An answer says no more of them: neighbours have become one before. */
const MAX_SPANS = 1_000;

export function createGaps(db: DatabaseSync): Gaps {
  const select = db.prepare(`SELECT CAST(from_ts AS REAL), CAST(to_ts AS REAL) FROM damaged
    WHERE series = ? AND from_ts < ? AND to_ts >= ? ORDER BY from_ts`);
  select.setReturnArrays(true);
  let spans: [number, number][] = [];
  let findings: Finding[] = [];

  function clear(): void {
    spans = [];
    findings = [];
  }

  return {
    clear,
    add({ series, start, end }) {
      spans.push([start, isTs(end) && end >= start ? end : start]);
      findings.push({ kind: 'chunk', series, start });
    },
    addEntry: (id) => void findings.push({ kind: 'journal', id }),
    addJournal({ from, to }) {
      spans.push([from, to - 1]);
      findings.push({ kind: 'journal', id: null });
    },
    take({ series, from, to }) {
      const aside = select.all(series, to, from) as unknown as [number, number][];
      const result = { damaged: joined([...aside, ...spans], from, to), findings };
      clear();
      return result;
    },
  };
}

/** In order, within `[from, to)`, and those that touch as one. */
function joined(spans: readonly (readonly [number, number])[], from: number, to: number): DamagedSpan[] {
  const result: { from: number; to: number }[] = [];
  const within = spans
    .map(([first, last]) => ({ from: Math.max(first, from), to: Math.min(last, to - 1) }))
    .filter((span) => span.from <= span.to)
    .sort((a, b) => a.from - b.from);
  for (const span of within) {
    const last = result.at(-1);
    if (last && (span.from <= last.to + 1 || result.length === MAX_SPANS)) last.to = Math.max(last.to, span.to);
    else result.push({ ...span });
  }
  return result;
}
