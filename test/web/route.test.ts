import fc from 'fast-check';
import { expect, it } from 'vitest';
import { routeOf, seriesAddress } from '../../dashboard/web/route.ts';

it('leads from the address of a series back to it', () => {
  const word = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(word, word, (device, metric) => {
      expect(routeOf(seriesAddress({ device, metric }))).toEqual({ view: 'series', ref: { device, metric } });
    }),
  );
});

it.each(['', '#', '#/', '#/elsewhere', '#/series', '#/series/tank-1-level'])('takes "%s" for the overview', (hash) => {
  expect(routeOf(hash)).toEqual({ view: 'overview' });
});

it('does not fail on a mistyped address', () => {
  expect(routeOf('#/series/%E0%A4%A/level')).toEqual({ view: 'series', ref: { device: '%E0%A4%A', metric: 'level' } });
});
