/** A plant's rules file over the shipped one: it adds rules, changes shipped ones by id, or switches them off (contract 1.4). */
import { z } from 'zod';
import { type ConfigFault, type Parsed, parseWith, repeatedIds } from './fault.ts';
import type { Plant } from './plant.ts';
import { type Rule, ruleSchema } from './rule.ts';
import { faultsOfRule } from './rule-faults.ts';
import { idSchema } from './schema.ts';

/** A rule as it stands in its file. */
type RawRule = Readonly<Record<string, unknown>> & { readonly id: string };

const entriesSchema = z.array(z.looseObject({ id: idSchema, off: z.boolean().optional() })).nullish();

export interface RuleContext {
  /** Null where its file is broken too: references into it go unchecked then. */
  readonly plant: Plant | null;
  /** The content of the shipped file; none while that is read itself. */
  readonly shipped?: unknown;
}

/** All rules that hold: those of `own`, and the shipped ones that it does not replace. */
export function parseRules(own: unknown, { plant, shipped = [] }: RuleContext): Parsed<readonly Rule[]> {
  const parsed = parseWith(entriesSchema, own);
  if (!parsed.ok) return parsed;
  const entries = (parsed.value ?? []) as readonly RawRule[];
  const shippedById = new Map((shipped as readonly RawRule[]).map((rule) => [rule.id, rule]));
  const faults: ConfigFault[] = repeatedIds(entries, 'rules').map((f) => ({ ...f, path: f.path.slice(1) }));
  const rules: Rule[] = [];
  entries.forEach((entry, index) => {
    const base = shippedById.get(entry.id);
    const judged = judge(entry, base, plant);
    if (judged.ok) rules.push(...judged.value);
    else faults.push(...judged.faults.map(({ path, message }) => ({ path: [index, ...shown(path, entry)], message })));
  });
  if (faults.length > 0) return { ok: false, faults };
  const replaced = new Set(entries.map((entry) => entry.id));
  const untouched = [...shippedById.values()].filter((rule) => !replaced.has(rule.id));
  return { ok: true, value: [...untouched.flatMap((rule) => valid(rule)), ...rules] };
}

function judge(entry: RawRule, base: RawRule | undefined, plant: Plant | null): Parsed<readonly Rule[]> {
  const { off, ...fields } = entry;
  if (off) {
    if (base) return { ok: true, value: [] };
    return { ok: false, faults: [{ path: ['off'], message: `there is no shipped rule "${entry.id}" to switch off` }] };
  }
  const parsed = parseWith(ruleSchema, { detect: 'limit', ...base, ...fields });
  if (!parsed.ok) return parsed;
  const faults = faultsOfRule(parsed.value, plant);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: [parsed.value] };
}

/** Of a shipped rule nothing is shown in the plant's file but what that changes. */
function shown(path: ConfigFault['path'], entry: RawRule): ConfigFault['path'] {
  const [key] = path;
  const isWritten = key !== undefined && Object.hasOwn(entry, key);
  return isWritten || key === undefined ? path : [key];
}

/** A shipped rule has been judged where its own file was read. */
function valid(rule: RawRule): readonly Rule[] {
  const parsed = parseWith(ruleSchema, { detect: 'limit', ...rule });
  return parsed.ok ? [parsed.value] : [];
}
