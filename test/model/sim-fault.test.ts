import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../../model/nearest.ts';
import { parseSimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS, type FaultKind, type FaultSize } from '../../model/sim-fault-catalogue.ts';

const request = { id: 'fault-1', target: 'somewhere', fromMs: 0, toMs: null };
const parse = (kind: string, raw: Record<string, unknown> = {}) => parseSimFault({ ...request, kind, raw });

function messages(kind: string, raw: Record<string, unknown>): string[] {
  const parsed = parse(kind, raw);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** All that a kind asks for, at values of one's choosing. */
function whole({ sizes, metric }: FaultKind, value: (size: FaultSize) => number): Record<string, unknown> {
  const choice = sizes.find(({ oneOf }) => oneOf !== undefined)?.name;
  const asked = sizes.filter(({ name, oneOf }) => oneOf === undefined || name === choice);
  const raw = Object.fromEntries(asked.map((size) => [size.name, value(size)]));
  return metric === 'required' ? { ...raw, metric: 'level' } : raw;
}

describe('a simulated fault, as somebody wrote it', () => {
  it.each([
    ['burst', { flowM3h: 12 }, null, { flowM3h: 12 }],
    ['leak', { holeMm: 20 }, null, { holeMm: 20, growsH: 0 }],
    ['phase-loss', {}, null, { phase: 1 }],
    ['drift', { metric: 'pressure', perDay: -0.05 }, 'pressure', { perDay: -0.05 }],
    ['stuck', {}, null, {}],
    ['stuck', { metric: 'level' }, 'level', {}],
  ])('%s %j is taken, with what it leaves out', (kind, raw, metric, sizes) => {
    expect(parse(kind, raw)).toEqual({ ok: true, value: { ...request, kind, metric, sizes } });
  });

  it.each([
    ['burts', {}, 'kind: no such fault: "burts"; did you mean burst?'],
    ['burst', {}, 'flowM3h: expected either flowM3h or holeMm'],
    ['burst', { flowM3h: 1, holeMm: 1 }, 'holeMm: expected either flowM3h or holeMm'],
    ['burst', { flowM3h: 0 }, 'flowM3h: expected m3/h from 0.01 to 5000 (got 0)'],
    ['burst', { flowM3h: '12' }, 'flowM3h: expected m3/h from 0.01 to 5000 (got "12")'],
    ['lamp-out', { count: 1.5 }, 'count: expected a whole number from 1 to 10000 (got 1.5)'],
    ['well-falls', {}, 'byM: expected m from 0.1 to 200'],
    ['silent', { metric: 'level' }, 'metric: silent takes no metric'],
    ['drift', { perDay: 1 }, 'metric: expected a metric of the device'],
    ['drift', { perDay: 1, metric: 3 }, 'metric: expected the name of a metric'],
    ['silent', { byS: 3 }, 'byS: silent knows no "byS"; it takes nothing'],
    ['link-late', { byMs: 3 }, 'byMs: link-late knows no "byMs"; it takes byS'],
  ])('%s %j is refused: %s', (kind, raw, message) => {
    expect(messages(kind, raw)).toContain(message);
  });

  it('names every fault at once', () => {
    expect(messages('drift', { colour: 'red' })).toHaveLength(3);
  });
});

describe('the catalogue of faults', () => {
  const kinds = [...FAULT_KINDS.values()];

  it('takes every size between its ends and nothing else, for every kind', () => {
    const sized = kinds.flatMap((kind) => Object.keys(whole(kind, () => 0)).map((name) => [kind, name] as const));
    const given = sized.filter(([kind, name]) => kind.sizes.some((size) => size.name === name));
    fc.assert(
      fc.property(
        fc.constantFrom(...given),
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        ([kind, name], value) => {
          const raw = { ...whole(kind, (size) => size.example), [name]: value };
          const size = kind.sizes.find((each) => each.name === name) as FaultSize;
          const fits = value >= size.min && value <= size.max && (!size.isWhole || Number.isInteger(value));
          const parsed = parse(kind.kind, raw);
          expect(parsed.ok).toBe(fits);
          if (parsed.ok) expect(parsed.value.sizes[name]).toBe(value);
        },
      ),
    );
  });

  it.each(kinds.map((kind) => [kind.kind, kind] as const))('takes what a form proposes for %s', (name, kind) => {
    expect(
      messages(
        name,
        whole(kind, (size) => size.example),
      ),
    ).toEqual([]);
  });

  it('leaves the words of a scenario and of a call to them', () => {
    const taken = ['at', 'fault', 'kind', 'target', 'metric', 'for', 'forS', 'from', 'until', 'id', 'seed', 'speed'];
    expect(kinds.flatMap(({ sizes }) => sizes.map(({ name }) => name)).filter((name) => taken.includes(name))).toEqual(
      [],
    );
  });
});

describe('the name that was meant', () => {
  it.each([
    ['up4', 'up04'],
    ['up044', 'up04'],
    ['up14', 'up04'],
    ['u0p4', 'up04'],
    ['UP04', undefined],
    ['lp9', undefined],
  ])('for %s is %s', (name, meant) => {
    expect(nearest(name, ['up04', 'pressure-1'])).toBe(meant);
  });
});
