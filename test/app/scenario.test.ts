import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { loadScenario } from '../../app/config/scenario.ts';
import { parseSpan, parseVillageTime } from '../../app/config/village-time.ts';
import { temporaryFolder } from '../harness/server.ts';

/** Afternoon of 1 November in the village. */
const calendar = { beginMs: Date.parse('2026-11-01T15:00+06:00'), timeZone: 'Asia/Bishkek' };

function load(text: string) {
  const file = join(temporaryFolder(), 'scenario.yaml');
  writeFileSync(file, text);
  const { value, faults } = loadScenario(file, calendar);
  return { value, faults: faults.map((fault) => fault.replace(relative(process.cwd(), file), 'scenario.yaml')) };
}

it.each([
  ['day 1', '2026-11-01T00:00+06:00'],
  ['day 3 02:10', '2026-11-03T02:10+06:00'],
  ['day 31 23:59:30', '2026-12-01T23:59:30+06:00'],
  ['2026-11-25 02:10', '2026-11-25T02:10+06:00'],
  ['2026-11-25', '2026-11-25T00:00+06:00'],
  ['2026-11-25T02:10+06:00', '2026-11-25T02:10+06:00'],
  ['2026-11-25T02:10Z', '2026-11-25T02:10Z'],
])('takes %s as %s', (written, iso) => {
  expect(parseVillageTime(written, calendar)).toBe(Date.parse(iso));
});

it.each(['', 'day', 'day 0', 'day 3 2:1', 'day 3 25:00', 'tomorrow', '2026-13-01'])(
  'takes "%s" for no time',
  (written) => {
    expect(parseVillageTime(written, calendar)).toBeNull();
  },
);

it('counts days by the calendar where clocks are changed', () => {
  const berlin = { beginMs: Date.parse('2026-10-24T12:00+02:00'), timeZone: 'Europe/Berlin' };
  expect(parseVillageTime('day 2 12:00', berlin)).toBe(Date.parse('2026-10-25T12:00+01:00'));
  expect(parseVillageTime('day 2 02:30', berlin), 'comes twice that night').toBeNull();
});

it.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['0h', null],
  ['6', null],
  ['-6h', null],
])('takes a span of %s as %s ms', (written, ms) => {
  expect(parseSpan(written)).toBe(ms);
});

it('gives the faults of a file ids by their place, and their times', () => {
  const { value, faults } = load(`version: 1
faults:
  - {at: day 3 02:10, fault: burst, target: up04, flowM3h: 12, for: 6h}
  - {at: 2026-11-05T02:10+06:00, fault: drift, target: pressure-3, metric: pressure, perDay: -0.05, until: day 9}
  - {at: day 1, fault: ramadan, target: toru}
`);
  expect(faults).toEqual([]);
  const at = (iso: string) => Date.parse(`${iso}+06:00`);
  expect(value?.faults).toEqual([
    {
      id: 'scenario-1',
      kind: 'burst',
      target: 'up04',
      metric: null,
      sizes: { flowM3h: 12 },
      fromMs: at('2026-11-03T02:10'),
      toMs: at('2026-11-03T08:10'),
    },
    {
      id: 'scenario-2',
      kind: 'drift',
      target: 'pressure-3',
      metric: 'pressure',
      sizes: { perDay: -0.05 },
      fromMs: at('2026-11-05T02:10'),
      toMs: at('2026-11-09T00:00'),
    },
    // It began before the village did.
    expect.objectContaining({ id: 'scenario-3', fromMs: calendar.beginMs, toMs: null }),
  ]);
});

it('names every fault of a file, each with its line', () => {
  const { value, faults } = load(`version: 1
faults:
  - {at: day 0, fault: burst, target: up04, flowM3h: 12, holeMm: 3, for: 6}
  - {at: day 0, fault: silent, target: up04}
  - at: day 2
    fault: drit
    target: pressure-3
  - {at: day 2, fault: phase-loss, target: cab-1, phase: 4, until: day 1}
  - {at: day 2, fault: silent, target: pressure-3, for: 2h, until: day 3}
  - {at: 2026-10-01, fault: silent, target: pressure-3, for: 2h}
  - burst
  - {at: day 2, fault: silent, target: pressure-3, for: 99999999999d}
  - {at: day 2, fault: burst, target: up04, flowM3h: .nan}
`);
  expect(value).toBeNull();
  expect(faults).toEqual([
    'scenario.yaml:3 faults[0].for: expected a span such as 30m, 6h or 2d (got 6)',
    expect.stringContaining('scenario.yaml:4 faults[1].at: expected a time such as "day 3 02:10"'),
    'scenario.yaml:6 faults[2].fault: no such fault: "drit"; did you mean drift?',
    'scenario.yaml:8 faults[3].until: expected a time after its beginning',
    'scenario.yaml:8 faults[3].phase: expected a whole number from 1 to 3 (got 4)',
    'scenario.yaml:9 faults[4].until: expected either for or until',
    expect.stringContaining('scenario.yaml:10 faults[5].at: is over before the village begins'),
    expect.stringContaining('scenario.yaml:11 faults[6]: '),
    'scenario.yaml:12 faults[7].until: expected a time in whole ms, before the year 10000',
    'scenario.yaml:13 faults[8].flowM3h: expected m3/h from 0.01 to 5000 (got NaN)',
  ]);
});

it.each([
  ['no such file', undefined],
  ['expected a list', 'version: 1\n'],
  ['expected 1', 'version: 2\nfaults: []\n'],
  ['scenario.yaml:2', 'version: 1\nfaults: [}\n'],
  ['xxx…)', 'x'.repeat(5000)],
])('says "%s" of a file that is no scenario', (words, text) => {
  const faults = text === undefined ? loadScenario('nowhere.yaml', calendar).faults : load(text).faults;
  expect(faults.join('\n')).toContain(words);
});
