/** What the alarms of each rule say. Asked for when somebody first reads one: it is as large as a third of the page. */
import { signal } from '@preact/signals';
import type { RuleWire } from '../../wire.ts';
import { fetchRules } from './api.ts';
import { connections } from './feed.ts';

const texts = signal<ReadonlyMap<string, RuleWire> | null>(null);
export const ruleTextsFailed = signal(false);

/** The connection that they were asked for in: a server that came back may have other rules. */
let askedIn = 0;

export const ruleTextsOf = (rule: string): RuleWire | undefined => texts.value?.get(rule);

export async function loadRuleTexts(): Promise<void> {
  const connection = connections.peek();
  if (connection === askedIn) return;
  askedIn = connection;
  try {
    texts.value = new Map((await fetchRules()).map((rule) => [rule.rule, rule]));
    ruleTextsFailed.value = false;
  } catch {
    ruleTextsFailed.value = true;
    askedIn = 0;
  }
}
