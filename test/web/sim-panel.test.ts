import { describe, expect, it } from 'vitest';
import { en } from '../../dashboard/web/i18n/en.ts';
import { simEn } from '../../dashboard/web/i18n/sim-en.ts';
import {
  askedSizes,
  newDraft,
  offeredKinds,
  openFaults,
  requestOf,
  sizeText,
  villageNow,
} from '../../dashboard/web/view/sim-form.ts';
import type { SimDetailWire } from '../../dashboard/wire.ts';
import { FAULT_DOMAINS, FAULT_KINDS, type FaultKind } from '../../model/sim-fault-catalogue.ts';

const kindOf = (kind: string) => FAULT_KINDS.get(kind) as FaultKind;
const at = (id: string) => ({ id, name: { en: id } });
const fault = { kind: 'silent', target: 'pump-1', metric: null, sizes: {} };

const sim: SimDetailWire = {
  site: 'toru',
  timeZone: 'Asia/Bishkek',
  phase: 'live',
  failure: null,
  fromMs: 0,
  toMs: 1000,
  doneMs: 1000,
  villageMs: 1000,
  speed: 'max',
  isPaused: false,
  faults: [
    { ...fault, id: 'over', fromMs: 0, toMs: 1000 },
    { ...fault, id: 'acting', fromMs: 0, toMs: null },
    { ...fault, id: 'taken-back', fromMs: 5000, toMs: 5000 },
    { ...fault, id: 'to-come', fromMs: 5000, toMs: 6000 },
  ],
  kinds: [...FAULT_KINDS.values()],
  targets: {
    pipe: [at('up04')],
    junction: [],
    link: [],
    pump: [],
    treatment: [],
    circuit: [],
    cabinet: [],
    device: [],
    site: [at('toru')],
    asset: [at('tank-1')],
  },
};

describe('the words of the simulator’s panel', () => {
  it('name every domain, kind, size and unit of the catalogue, and nothing else', () => {
    const kinds = [...FAULT_KINDS.values()];
    const sizes = new Set(kinds.flatMap((kind) => kind.sizes.map(({ name }) => name)));
    expect(Object.keys(simEn.domain)).toEqual([...FAULT_DOMAINS]);
    expect(Object.keys(simEn.kind)).toEqual(kinds.map(({ kind }) => kind));
    expect(new Set(Object.keys(simEn.size))).toEqual(sizes);
    const units = kinds.flatMap((kind) => kind.sizes.map(({ unit }) => unit)).filter((unit) => unit !== '');
    expect(units.filter((unit) => !(unit in simEn.unit) && !(unit in en.unit))).toEqual([]);
  });
});

describe('the form for a fault', () => {
  it('offers only what something here can be befallen by', () => {
    const offered = offeredKinds(sim).map(({ kind }) => kind);
    expect(offered).toEqual(expect.arrayContaining(['burst', 'leak', 'ramadan', 'power-cut']));
    expect(offered).not.toContain('pump-failure');
  });

  it('asks for one of the sizes that exclude each other', () => {
    const draft = newDraft(kindOf('leak'), 'up04', '7200');
    expect(askedSizes(kindOf('leak'), draft.chosen).map(({ name }) => name)).toEqual(['flowM3h', 'growsH']);
    expect(requestOf(kindOf('leak'), { ...draft, chosen: 'holeMm', sizes: { growsH: '3' } }, null)).toEqual({
      kind: 'leak',
      target: 'up04',
      holeMm: 20,
      growsH: 3,
      forS: 7200,
    });
  });

  it('proposes a tenth of what the metric shows now for a size in its unit', () => {
    const [perDay] = kindOf('drift').sizes;
    const draft = { ...newDraft(kindOf('drift'), 'pressure-3', ''), metric: 'pressure' };
    if (!perDay) throw new Error('drift has no size');
    expect(sizeText(perDay, draft, 4.37)).toBe('0.4');
    expect(sizeText(perDay, draft, null)).toBe('1');
    expect(sizeText(perDay, { ...draft, sizes: { perDay: '' } }, 4.37)).toBe('');
    expect(requestOf(kindOf('drift'), draft, 4.37)).toEqual({
      kind: 'drift',
      target: 'pressure-3',
      metric: 'pressure',
      perDay: 0.4,
    });
  });
});

describe('the time in the village', () => {
  it.each([
    ['goes on with the clock while it lives', { phase: 'live', isPaused: false }, 9000],
    ['stands while it is paused', { phase: 'live', isPaused: true }, 1000],
    ['is what the server last said while it catches up', { phase: 'backfill', isPaused: false }, 1000],
    ['stands where it failed', { phase: 'failed', isPaused: false }, 1000],
  ] as const)('%s', (_, state, expected) => {
    expect(villageNow({ ...sim, ...state }, 9000)).toBe(expected);
  });

  it('leaves out the faults that are over, the newest of the others first', () => {
    expect(openFaults(sim, 1000).map(({ id }) => id)).toEqual(['to-come', 'acting']);
  });
});
