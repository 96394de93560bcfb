import { Readable } from 'node:stream';
import type { HistoryQuery } from '../model/history.ts';
import type { History } from './ports.ts';

/** One series as CSV, page by page so that a year does not stand in memory. A bad reading is an empty cell. */
export function historyCsv(history: History['history'], query: HistoryQuery, unit: string): Readable {
  return Readable.from(pages(history, query, unit));
}

async function* pages(history: History['history'], query: HistoryQuery, unit: string): AsyncGenerator<string> {
  yield `time,${query.metric}${unit && ` (${unit})`}\n`;
  for (let from: number | null = query.from; from !== null; ) {
    const { points, next } = await history({ ...query, from });
    yield points.map(([ts, value]) => `${new Date(ts ?? 0).toISOString()},${value ?? ''}\n`).join('');
    from = next;
  }
}
