/** Faults put while the simulator runs, its pace, and what is left of both after a crash. */
import { copyFile, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Sim } from '../../device-sim/sim.ts';
import type { TruthLine } from '../../device-sim/truth.ts';
import { contradictions, type FakeClock, fakeClock, fakeLink, passSecond, simulators, tsOf, until } from './running.ts';
import { asLines, DAY_MS, fault, HOUR_MS, NOVEMBER, newTown } from './village.ts';

const MINUTE_MS = 60_000;
const NOW = NOVEMBER + 10.27 * DAY_MS;
const FROM = NOW - 3 * HOUR_MS;

const village = simulators();

async function passMinutes(clock: FakeClock, minutes: number): Promise<void> {
  for (let i = 0; i < minutes * 6; i++) {
    await clock.advance(10_000);
    await until(() => clock.sleepers() > 0);
  }
}

async function startLive(options: Parameters<typeof village.start>[2] = {}) {
  const link = fakeLink();
  const clock = fakeClock(NOW);
  const sim = await village.start(link, clock, { fromMs: FROM, ...options });
  await until(() => sim.status().phase === 'live' && clock.sleepers() > 0);
  return { link, clock, sim };
}

const nowOf = ({ kind, target, metric, sizes }: ReturnType<typeof fault>, id = kind) => ({
  ...{ id, kind, target, metric, sizes },
  toMs: null,
});

describe('a fault put at run time', () => {
  it('acts from the next instant on, is counted, and can be ended', async () => {
    const { link, clock, sim } = await startLive();
    const put = await sim.put(nowOf(fault('failed-read', 'pressure-1')));
    expect(put.fromMs).toBe(NOW + 1);
    await passSecond(clock);
    expect(sim.status().faultCount).toBe(1);
    await passMinutes(clock, 3);
    const ended = await sim.end('failed-read');
    await passMinutes(clock, 3);
    expect(sim.status().faultCount).toBe(0);
    const isNull = link.lines
      .filter((line) => line.startsWith('pressure-1 ') && tsOf(line) > NOW)
      .map((line) => [line.includes('"pressure":null'), tsOf(line) < (ended.toMs ?? 0)]);
    expect(isNull.length).toBe(6);
    for (const [said, wanted] of isNull) expect(said).toBe(wanted);
  });

  it('is refused with a sentence, and nothing is left of it', async () => {
    const { sim } = await startLive();
    await expect(sim.put(nowOf(fault('silent', 'pressure-9')))).rejects.toMatchObject({ code: 'bad-fault' });
    await expect(sim.put(fault('silent', 'pressure-1', { fromMs: NOW - 1 }))).rejects.toThrow('in the past');
    await expect(sim.end('nothing')).rejects.toThrow('there is no fault "nothing"');
    expect(sim.faults()).toEqual([]);
  });

  it('is saved before anything after it is delivered, and goes on after a crash', async () => {
    const { link, clock, sim } = await startLive();
    await sim.put(nowOf(fault('burst', 'up04', { flowM3h: 8 })));
    await sim.put(nowOf(fault('link-down', 'gw-tank-1')));
    const crashed = join(village.folder(), 'crashed.json');
    await copyFile(village.statePath(), crashed);
    await passMinutes(clock, 20);
    await sim.end('link-down');
    const later = join(village.folder(), 'later.json');
    await copyFile(village.statePath(), later);
    await passMinutes(clock, 10);

    for (const [statePath, count] of [
      [crashed, 2],
      [later, 2],
    ] as const) {
      const again = await village.start(link, fakeClock(clock.now() + HOUR_MS), { fromMs: FROM, statePath });
      await until(() => again.status().phase === 'live');
      expect(again.faults().length).toBe(count);
      await again.stop();
      if (statePath === later) expect(contradictions(link.lines)).toEqual([]);
    }
  });

  it('that cannot be saved is refused, and the village goes on without it', async () => {
    const { clock, sim } = await startLive();
    // A folder in the place of the temporary file: no state can be written.
    await mkdir(`${village.statePath()}.tmp`);
    await expect(sim.put(nowOf(fault('silent', 'pressure-1')))).rejects.toMatchObject({
      code: 'not-saved',
      message: expect.stringContaining('EISDIR'),
    });
    expect(sim.faults()).toEqual([]);
    await passSecond(clock);
    expect(sim.status()).toMatchObject({ villageMs: NOW + 1000, faultCount: 0 });
    await rmdir(`${village.statePath()}.tmp`);
  });

  it('of a scenario is there from the beginning, and is not put again after it was ended', async () => {
    const scenario = [fault('silent', 'pressure-1', { id: 'scenario-1', fromMs: FROM + HOUR_MS })];
    const { link, clock, sim } = await startLive({ faults: scenario });
    expect(link.lines.filter((line) => line.startsWith('pressure-1 ')).length).toBe(60);
    const { toMs } = await sim.end('scenario-1');
    await passSecond(clock);
    await sim.stop();
    const more = [...scenario, fault('silent', 'pressure-2', { id: 'scenario-2', fromMs: NOW + HOUR_MS })];
    const again = await village.start(link, fakeClock(NOW + MINUTE_MS), { fromMs: FROM, faults: more });
    await until(() => again.status().phase === 'live');
    expect(again.faults().map(({ id, toMs: until }) => [id, until])).toEqual([
      ['scenario-1', toMs],
      ['scenario-2', null],
    ]);
  });

  it('whose target has left the plant is left out, and said', async () => {
    const { link, sim } = await startLive();
    await sim.put(nowOf(fault('silent', 'pressure-1')));
    await sim.stop();
    const text = await readFile(village.statePath(), 'utf8');
    await writeFile(village.statePath(), text.replace('"target":"pressure-1"', '"target":"pressure-0"'));
    const again = await village.start(link, fakeClock(NOW + MINUTE_MS), { fromMs: FROM });
    expect(again.faults()).toEqual([]);
    expect(link.warnings).toEqual(['simulator: a saved fault is left out']);
  });
});

describe('the truth file', () => {
  it('has a line for each beginning and end, and none that contradicts after a crash', async () => {
    const truthPath = join(village.folder(), 'truth.jsonl');
    const lines = async (): Promise<TruthLine[]> =>
      (await readFile(truthPath, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const scenario = [fault('leak', 'up04', { flowM3h: 4, fromMs: FROM + HOUR_MS, toMs: FROM + 2 * HOUR_MS })];
    const { link, clock, sim } = await startLive({ truthPath, faults: scenario });
    expect((await lines()).map(({ id, to }) => [id, to !== null])).toEqual([
      ['leak', false],
      ['leak', true],
    ]);
    const crashed = join(village.folder(), 'crashed.json');
    await sim.put(nowOf(fault('silent', 'pressure-1')));
    await copyFile(village.statePath(), crashed);
    await passMinutes(clock, 2);
    const told = await lines();
    expect(told.at(-1)).toMatchObject({ id: 'silent', to: null });
    const again = await village.start(link, fakeClock(clock.now()), { fromMs: FROM, statePath: crashed, truthPath });
    await until(() => again.status().phase === 'live');
    const after = (await lines()).map((line) => JSON.stringify(line));
    expect(new Set(after)).toEqual(new Set(told.map((line) => JSON.stringify(line))));
    expect(told[1]?.volumeM3).toBeGreaterThan(3);
  });
});

describe('the pace', () => {
  async function start(speed: number | undefined, fromMs = NOW - HOUR_MS) {
    const link = fakeLink();
    const clock = fakeClock(NOW);
    const sim = await village.start(link, clock, { fromMs, speed });
    await until(() => clock.sleepers() > 0 || sim.status().phase === 'live');
    return { link, clock, sim };
  }

  async function passSeconds(clock: FakeClock, sim: Sim, seconds: number): Promise<void> {
    for (let s = 0; s < seconds; s++) await passSecond(clock);
    await until(() => clock.sleepers() > 0 || sim.status().phase === 'live');
  }

  it('of 1 stays as far behind as it began', async () => {
    const { clock, sim } = await start(1);
    await passSeconds(clock, sim, 30);
    expect(sim.status()).toMatchObject({ villageMs: NOW - HOUR_MS + 30_000, phase: 'backfill', speed: 1 });
  });

  it('of 60 makes a minute of a second, and nothing more once it has caught up', async () => {
    const { link, clock, sim } = await start(60);
    await passSeconds(clock, sim, 10);
    expect(sim.status().villageMs).toBe(NOW - HOUR_MS + 10 * MINUTE_MS);
    await passSeconds(clock, sim, 60);
    expect(sim.status()).toMatchObject({ phase: 'live', villageMs: NOW + 70_000 });
    const town = await newTown({ fromMs: NOW - HOUR_MS });
    expect([...link.lines].sort()).toEqual(asLines(town.step(NOW + 70_000)).sort());
  });

  it('can be changed, and the village goes on from where it is', async () => {
    const { clock, sim } = await start(1);
    await passSeconds(clock, sim, 5);
    sim.setPace({ speed: 10 });
    await until(() => clock.sleepers() > 0);
    await passSeconds(clock, sim, 5);
    expect(sim.status().villageMs).toBe(NOW - HOUR_MS + 55_000);
    sim.setPace({ speed: Number.POSITIVE_INFINITY });
    await until(() => sim.status().phase === 'live');
    expect(() => sim.setPace({ speed: 0 })).toThrow('expected a speed above 0');
  });

  it('stands still while it is paused, and catches up as a backlog', async () => {
    const { link, clock, sim } = await start(undefined);
    await until(() => sim.status().phase === 'live' && clock.sleepers() > 0);
    sim.setPace({ isPaused: true });
    await until(() => clock.sleepers() > 0);
    await passMinutes(clock, 10);
    expect(sim.status()).toMatchObject({ villageMs: NOW, isPaused: true });
    const before = link.lines.length;
    sim.setPace({ isPaused: false });
    await until(() => sim.status().villageMs === clock.now());
    await until(() => clock.sleepers() > 0);
    const town = await newTown({ fromMs: NOW - HOUR_MS });
    town.skip(NOW);
    expect(link.lines.slice(before).sort()).toEqual(asLines(town.step(NOW + 10 * MINUTE_MS)).sort());
  });

  it('goes step by step while it is paused, and never ahead of the clock', async () => {
    const { link, clock, sim } = await start(undefined);
    await until(() => sim.status().phase === 'live' && clock.sleepers() > 0);
    await expect(sim.step(1000)).rejects.toMatchObject({ code: 'not-paused' });
    sim.setPace({ isPaused: true });
    await until(() => clock.sleepers() > 0);
    await passMinutes(clock, 5);
    const before = link.lines.length;
    await sim.step(2 * MINUTE_MS);
    expect(sim.status().villageMs).toBe(NOW + 2 * MINUTE_MS);
    expect(link.lines.length - before).toBeGreaterThanOrEqual(80);
    await sim.step(HOUR_MS);
    expect(sim.status().villageMs).toBe(NOW + 5 * MINUTE_MS);
    await nextTurn();
  });

  it('lets a village that begins in the future wait', async () => {
    const { link, clock, sim } = await start(undefined, NOW + MINUTE_MS);
    await until(() => clock.sleepers() > 0);
    expect(sim.status().villageMs).toBe(NOW + MINUTE_MS);
    await passMinutes(clock, 2);
    const times = link.lines.map(tsOf);
    expect(Math.min(...times)).toBeGreaterThan(NOW + MINUTE_MS);
    expect(times.length).toBeGreaterThanOrEqual(40);
  });
});
