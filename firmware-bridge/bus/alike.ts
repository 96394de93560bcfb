/** Which requests have answers that look alike: those of one unit and function with as many bytes, from other registers. */
import { dataBytes } from './answer.ts';
import type { ReadRequest } from './modbus-bus.ts';

export interface Alike {
  asked(request: ReadRequest): void;
  /** An answer to this one cannot be told from that to another one which has been asked. */
  hasTwin(request: ReadRequest): boolean;
  knows(unit: number): boolean;
}

export function createAlike(): Alike {
  /** The registers asked, as long as they are the same ones; bounded by what units, functions and lengths there are. */
  const spans = new Map<string, string | null>();
  const units = new Set<number>();

  return {
    asked(request) {
      const form = formOf(request);
      const span = `${request.address} ${request.count}`;
      const known = spans.get(form);
      units.add(request.unit);
      spans.set(form, known === undefined || known === span ? span : null);
    },
    hasTwin: (request) => spans.get(formOf(request)) === null,
    knows: (unit) => units.has(unit),
  };
}

function formOf(request: ReadRequest): string {
  return `${request.unit} ${request.table} ${dataBytes(request)}`;
}
