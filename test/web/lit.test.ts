import { describe, expect, it } from 'vitest';
import { isLit, litPeriod } from '../../dashboard/web/view/lit.ts';
import type { CircuitWire } from '../../dashboard/wire.ts';

const circuit = (lit: CircuitWire['lit']) => ({
  circuit: {
    id: 'c',
    site: 's',
    name: {},
    cabinet: 'x',
    meter: null,
    contactor: null,
    lamps: [],
    on: '',
    off: '',
    lit,
  },
});

describe('the lit period of the village', () => {
  it('reaches from the first on to the last off', () => {
    const circuits = [circuit({ onAt: 100, offAt: 200 }), circuit({ onAt: 90, offAt: 180 }), circuit(null)];
    expect(litPeriod(circuits, 150)).toEqual({ onAt: 90, offAt: 200, isNow: true });
  });

  it('is the next one by day', () => {
    expect(litPeriod([circuit({ onAt: 100, offAt: 200 })], 50)).toEqual({ onAt: 100, offAt: 200, isNow: false });
  });

  it('of tonight is not stretched by a circuit that has already gone off', () => {
    const circuits = [circuit({ onAt: 100, offAt: 200 }), circuit({ onAt: 1100, offAt: 1150 })];
    expect(litPeriod(circuits, 180)).toEqual({ onAt: 100, offAt: 200, isNow: true });
  });

  it('is unknown where the sun gives none', () => {
    expect(litPeriod([circuit(null)], 50)).toBeNull();
  });
});

it('takes the noise of a meter for no light', () => {
  expect(isLit(3, 720)).toBe(false);
  expect(isLit(60, 720)).toBe(true);
  expect(isLit(4, 0)).toBe(false);
});
