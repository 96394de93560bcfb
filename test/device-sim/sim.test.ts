import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Sim, SimStatus } from '../../device-sim/sim.ts';
import {
  contradictions,
  type FakeClock,
  type FakeLink,
  fakeClock,
  fakeLink,
  passSecond,
  simulators,
  tsOf,
  until,
} from './running.ts';
import { asLines, DAY_MS, HOUR_MS, NOVEMBER, newTown } from './village.ts';

const NOW = NOVEMBER + 10.27 * DAY_MS;
const DAYS = 1.5;

const village = simulators();

function start(link: FakeLink, clock: FakeClock, statePath?: string): Promise<Sim> {
  return village.start(link, clock, { backfillDays: DAYS, ...(statePath && { statePath }) });
}

describe('the simulator', () => {
  it('delivers the past once, coarse first and the last day fine, then is live', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const seen: SimStatus[] = [];
    const sim = await start(link, clock);
    sim.onProgress((status) => seen.push(status));
    await until(() => sim.status().phase === 'live');
    await until(() => clock.sleepers() > 0);

    expectSame(link.lines, await expected(NOW - DAYS * DAY_MS, NOW));
    expect(link.mostInFlight).toBeLessThanOrEqual(50);
    expect(sim.status()).toMatchObject({ phase: 'live', fromMs: NOW - DAYS * DAY_MS, toMs: NOW, doneMs: NOW });
    expect(sim.status()).toMatchObject({
      villageMs: NOW,
      isPaused: false,
      speed: Number.POSITIVE_INFINITY,
      faultCount: 0,
    });
    const done = seen.map((status) => status.doneMs);
    expect(done.length).toBeGreaterThan(5);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  it('sends a device its frames oldest first', async () => {
    const link = fakeLink();
    const sim = await start(link, fakeClock(NOW));
    await until(() => sim.status().phase === 'live');
    const level = link.lines.filter((line) => line.startsWith('tank-1-level ')).map(tsOf);
    expect(level).toEqual([...level].sort((a, b) => a - b));
  });

  it('sends what is due within a second once it is live', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const sim = await start(link, clock);
    await until(() => sim.status().phase === 'live' && clock.sleepers() > 0);
    link.lines.length = 0;
    for (let s = 0; s < 60; s++) await passSecond(clock);
    const town = await newTown({ fromMs: NOW - DAYS * DAY_MS });
    town.skip(NOW);
    expect(link.lines).toEqual(asLines(town.step(NOW + 60_000)));
  });

  it('goes on where it was stopped in the middle, with nothing missing and nothing contradicted', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const first = await start(link, clock);
    await until(() => first.status().doneMs > NOW - 0.9 * DAY_MS);
    await first.stop();
    expect(first.status().phase).toBe('backfill');
    const doneMs = first.status().doneMs;

    const second = await start(link, clock);
    expect(second.status().fromMs).toBe(doneMs);
    await until(() => second.status().phase === 'live');
    expectSame([...new Set(link.lines)], await expected(NOW - DAYS * DAY_MS, NOW));
    expect(contradictions(link.lines)).toEqual([]);
  });

  it('goes on after a crash at any point, with nothing missing and nothing contradicted', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const crashed = join(village.folder(), 'crashed.json');
    const first = await start(link, clock);
    // The first chunk is on its way: nothing of it is acknowledged.
    await until(() => link.lines.length > 20);
    await copyFile(village.statePath(), crashed);
    await until(() => first.status().phase === 'live');
    for (let s = 0; s < 30; s++) await passSecond(clock);

    const later = fakeClock(NOW + 3 * HOUR_MS);
    const second = await start(link, later, crashed);
    await until(() => second.status().phase === 'live');
    expect(contradictions(link.lines)).toEqual([]);
    const times = link.lines.filter((line) => line.startsWith('tank-1-level ')).map(tsOf);
    const sorted = [...new Set(times)].sort((a, b) => a - b);
    expect(Math.max(...sorted.slice(1).map((ts, i) => ts - (sorted[i] ?? 0)))).toBe(300_000);
    expect(sorted.at(-1)).toBeGreaterThan(NOW + 3 * HOUR_MS - 60_000 - 120_000);
  });

  it('tries again where publishing failed', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    link.failNext = 60;
    const sim = await start(link, clock);
    await until(() => clock.sleepers() > 0);
    expect(sim.status().doneMs).toBe(NOW - DAYS * DAY_MS);
    while (sim.status().phase !== 'live') {
      if (clock.sleepers() > 0) await clock.advance(1000);
      else await nextTurn();
    }
    expect(missing(await expected(NOW - DAYS * DAY_MS, NOW), link.lines)).toEqual([]);
  });

  it('delivers no more than the back-fill after a long pause, and its counters have gone on', async () => {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const first = await start(link, clock);
    await until(() => first.status().phase === 'live' && clock.sleepers() > 0);
    await first.stop();
    const before = volumeOf(link.lines.filter((line) => line.startsWith('meter-lower ')).at(-1));
    link.lines.length = 0;

    const muchLater = NOW + 6 * DAY_MS;
    const second = await start(link, fakeClock(muchLater));
    await until(() => second.status().phase === 'live');
    const lines = link.lines.filter((line) => line.startsWith('meter-lower '));
    expect(Math.min(...lines.map(tsOf))).toBeGreaterThan(muchLater - DAYS * DAY_MS);
    expect(volumeOf(lines[0]) - before).toBeGreaterThan(4 * 120);
  });

  it('stops within two seconds when the broker does not answer', async () => {
    const clock = fakeClock(NOW);
    const hanging = { ...fakeLink(), publish: () => new Promise<void>(() => {}) };
    const sim = await start(hanging, clock);
    let isStopped = false;
    const stopped = sim.stop().then(() => {
      isStopped = true;
    });
    await until(() => clock.sleepers() > 0);
    expect(isStopped).toBe(false);
    await clock.advance(2000);
    await stopped;
  });

  it('puts a state aside that it cannot read, and says so', async () => {
    await writeFile(village.statePath(), '{"version": 1, "deliveredMs": 17');
    const link = fakeLink();
    const sim = await start(link, fakeClock(NOW));
    expect(sim.status().fromMs).toBe(NOW - DAYS * DAY_MS);
    expect(await readdir(village.folder())).toContain('sim.json.aside');
    expect(link.warnings.length).toBe(1);
  });
});

/** What a village says that nobody stopped. */
async function expected(fromMs: number, toMs: number): Promise<string[]> {
  const town = await newTown({ fromMs });
  return [...asLines(town.step(toMs - DAY_MS, 300)), ...asLines(town.step(toMs))];
}

function missing(lines: readonly string[], from: readonly string[]): string[] {
  const known = new Set(from);
  return lines.filter((line) => !known.has(line));
}

/** Each line once, whatever the order. */
function expectSame(lines: readonly string[], wanted: readonly string[]): void {
  expect(missing(wanted, lines)).toEqual([]);
  expect(missing(lines, wanted)).toEqual([]);
  expect(lines.length).toBe(wanted.length);
}

function volumeOf(line: string | undefined): number {
  return Number(/"volume_total":([\d.]+)/.exec(line ?? '')?.[1]);
}
