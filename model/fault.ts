import type { z } from 'zod';

/** Of what somebody wrote, in a message. */
const MAX_SHOWN = 100;

/** One thing that is wrong with a configuration: where (keys and indices from the top of its file) and what was expected. */
export interface ConfigFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Every fault is reported at once, so a result is all or the list. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

export function parseWith<S extends z.ZodType>(schema: S, raw: unknown): Parsed<z.output<S>> {
  const result = schema.safeParse(raw, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, faults: result.error.issues.map(toFault) };
}

function toFault(issue: z.core.$ZodIssue): ConfigFault {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const { input } = issue;
  const got = input === undefined || typeof input === 'object' ? '' : ` (got ${shown(input)})`;
  return { path, message: `${issue.message}${got}` };
}

/** A whole file may stand where a word was expected. */
function shown(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** The id of each item that stands a second time. */
export function repeatedIds(items: readonly { readonly id: string }[], list: string): ConfigFault[] {
  const seen = new Set<string>();
  const faults: ConfigFault[] = [];
  items.forEach((item, index) => {
    if (seen.has(item.id)) faults.push({ path: [list, index, 'id'], message: `"${item.id}" is used twice in ${list}` });
    seen.add(item.id);
  });
  return faults;
}
