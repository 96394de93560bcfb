import { describe, expect, it } from 'vitest';
import type { Rule } from '../../model/rule.ts';
import { textsOf } from '../../model/rule.ts';
import { parseRules } from '../../model/rule-file.ts';
import { watchesOf } from '../../model/watches.ts';
import { plant } from '../device-sim/village.ts';
import { rulesFor, SHIPPED } from '../harness/detect.ts';

const text = { ky: 'а', ru: 'б', en: 'c' };
const texts = { title: text, cause: text, consequence: text, action: text };

/** What is wrong with one entry, as `path: message`. */
function faultsOf(entry: object): string[] {
  const parsed = parseRules([entry], { plant, shipped: SHIPPED });
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`);
}

function ruleOf(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((r) => r.id === id);
  if (!rule) throw new Error(`no rule ${id}`);
  return rule;
}

const level = { id: 'own', on: { metric: 'level' }, priority: 'low', ...texts };
const counter = { ...level, detect: 'counter', on: { metric: 'volume_total' }, fault: 'stuck' };

describe('the shipped rules', () => {
  it('say of every rule what is wrong, why, what follows and what to do, in three languages', () => {
    for (const rule of rulesFor(plant)) {
      const { title, cause, consequence, action, respondWithinMin } = textsOf(rule);
      for (const each of [title, cause, consequence, action]) {
        for (const words of Object.values(each)) expect(words.length).toBeGreaterThan(5);
        expect(new Set(Object.values(each)).size).toBe(3);
      }
      expect(respondWithinMin).toBeGreaterThan(0);
    }
  });

  it('insert no word and no value into a sentence', () => {
    for (const rule of rulesFor(plant)) expect(JSON.stringify(textsOf(rule))).not.toMatch(/\{\{|\$\{|%s/);
  });

  it('have a time to respond by their priority', () => {
    const rules = rulesFor(plant, [{ id: 'door-open', respondWithinMin: 20 }]);
    expect(textsOf(ruleOf(rules, 'pump-fault')).respondWithinMin).toBe(30);
    expect(textsOf(ruleOf(rules, 'chlorine-low')).respondWithinMin).toBe(240);
    expect(textsOf(ruleOf(rules, 'door-open')).respondWithinMin).toBe(20);
  });

  it('take the limits of a reservoir from the plant file', () => {
    const limits = watchesOf(rulesFor(plant), plant).filter((watch) => watch.detect === 'limit');
    const of = (key: string) => limits.find((watch) => watch.key === key);
    expect(of('tank-low.tank-1-level')?.below).toBe(1);
    expect(of('tank-near-overflow.tank-1-level')?.above).toBe(3.7);
  });
});

describe("a plant's own rules file", () => {
  it('changes a shipped rule by its id, and leaves the rest of it', () => {
    const rule = ruleOf(rulesFor(plant, [{ id: 'chlorine-low', below: '0.3 mg/L' }]), 'chlorine-low');
    expect(rule).toMatchObject({ below: { value: 0.3 }, onDelayS: 600, priority: 'high' });
  });

  it('switches a rule off', () => {
    expect(rulesFor(plant, [{ id: 'door-open', off: true }]).some(({ id }) => id === 'door-open')).toBe(false);
  });

  it('adds a rule', () => {
    const rules = rulesFor(plant, [{ ...level, above: '3.5 m' }]);
    expect(rules.length).toBe(rulesFor(plant).length + 1);
    expect(watchesOf(rules, plant).map(({ key }) => key)).toContain('own.tank-1-level');
  });

  it('overrides a limit for one asset or device, or leaves it out there', () => {
    const rules = rulesFor(plant, [
      {
        id: 'tank-low',
        exceptions: [
          { asset: 'tank-1', below: '1.5 m', priority: 'high' },
          { device: 'tank-2-level', off: true },
        ],
      },
    ]);
    const watches = watchesOf(rules, plant).filter((watch) => watch.rule === 'tank-low');
    expect(watches).toMatchObject([{ key: 'tank-low.tank-1-level', below: 1.5, priority: 'high' }]);
  });

  it('may be empty', () => {
    expect(rulesFor(plant, null).length).toBe(rulesFor(plant, []).length);
  });

  it.each([
    [
      'a metric that nobody knows',
      { ...level, on: { metric: 'levl' }, below: 1 },
      'on.metric: no such metric (got "levl")',
    ],
    ['a wrong unit', { id: 'chlorine-low', below: '0.2 g/L' }, 'below: expected mg/L (got g/L)'],
    ['a wrong unit of a rate', { id: 'tank-falls-fast', falls: '1 m' }, 'falls: expected m/h (got m)'],
    [
      'a wrong unit in an exception',
      { id: 'chlorine-low', exceptions: [{ site: 'toru', below: '1 m' }] },
      'exceptions.0.below: expected mg/L (got m)',
    ],
    [
      'an asset that is not there',
      { id: 'tank-low', exceptions: [{ asset: 'tank-9', below: 1 }] },
      'exceptions.0.asset: "tank-9" is not in the plant',
    ],
    [
      'a device that is not there',
      { ...level, on: { metric: 'level', device: 'nobody' }, below: 1 },
      'on.device: "nobody" is not in the plant',
    ],
    [
      'a kind that fits nothing',
      { ...level, on: { metric: 'level', kind: 'reservor' }, below: 1 },
      'on: nothing in the plant fits',
    ],
    ['a limit that no value can break', { ...level, above: 200 }, 'above: can never be: level is -5 to 100 m'],
    ['limits the wrong way round', { ...level, below: 3, above: 2 }, 'below: expected less than above, 2 (got 3)'],
    ['no limit', level, ': expected below, above or both'],
    ['a number asked for yes or no', { ...level, is: true }, 'is: a number takes "below" or "above": level'],
    [
      'a yes/no with a limit',
      { ...level, on: { metric: 'door_open' }, above: 0.5 },
      ': a yes/no metric takes "is": door_open',
    ],
    [
      'the rate of a yes/no',
      { ...level, detect: 'rate', on: { metric: 'door_open' }, rises: 1 },
      'on.metric: expected a number: door_open is a yes/no',
    ],
    ['a stuck counter that is none', { ...counter, on: { metric: 'level' } }, 'on.metric: level is no counter'],
    [
      'a stuck counter without a driver',
      { ...counter, on: { metric: 'pump_starts' } },
      'on.metric: nothing is known that drives pump_starts',
    ],
    [
      'a service without its hours',
      { ...level, detect: 'due', on: { metric: 'pump_hours' } },
      ': expected one of everyH, date',
    ],
    [
      'a service date of no asset',
      { ...level, detect: 'due', on: {}, date: '2027-05-01' },
      'on: a date needs its asset',
    ],
    [
      'hours of a metric that counts none',
      { ...level, detect: 'due', everyH: 9 },
      'on.metric: level does not count hours',
    ],
    [
      'a wrong unit on a side of two',
      { id: 'live-cabinet-open', expect: { metric: 'leakage_current', below: '0.1 A' } },
      'expect.below: expected mA (got A)',
    ],
    [
      'two limits on a side of two',
      { id: 'live-cabinet-open', expect: { metric: 'leakage_current', above: 1, below: 9 } },
      'expect: expected one of is, above, below',
    ],
    [
      'a yes/no with a limit on a side of two',
      { id: 'live-cabinet-open', while: { metric: 'door_open', below: 1 } },
      'while: a yes/no metric takes "is"',
    ],
    [
      'a rule switched off that is not shipped',
      { id: 'nothing-such', off: true },
      'off: there is no shipped rule "nothing-such" to switch off',
    ],
    ['no cause', { ...level, below: 1, cause: undefined }, 'cause: expected a text in each of ky, ru and en'],
    ['an empty text', { id: 'door-open', action: { ...text, ky: ' ' } }, 'action.ky: expected some text (got "")'],
    [
      'a text without Kyrgyz',
      { id: 'door-open', title: { ru: 'б', en: 'c' } },
      'title.ky: expected the text in this language',
    ],
    [
      'a word where a number is expected',
      { id: 'tank-low', below: 'low' },
      'below: expected a number, with its unit or without, or fireReserveM or overflowM with what to add, as in "overflowM - 0.1 m" (got "low")',
    ],
    ['a key that nobody knows', { id: 'tank-low', belw: 1 }, ': Unrecognized key: "belw"'],
  ])('refuses %s', (_, entry, fault) => {
    expect(faultsOf(entry)).toContain(fault);
  });

  it('names every fault of every rule at once', () => {
    const own = [{ id: 'chlorine-low', below: '1 g/L', above: '30 g/L' }, { id: 'x' }];
    const parsed = parseRules(own, { plant, shipped: SHIPPED });
    expect(parsed.ok ? [] : parsed.faults.map(({ path }) => path.join('.'))).toEqual(
      expect.arrayContaining(['0.below', '0.above', '1.title', '1.priority', '1.on']),
    );
  });
});
