/** How reports arrive when links fail, and who still speaks when the power is gone. */
import { describe, expect, it } from 'vitest';
import type { TownMessage } from '../../device-sim/town.ts';
import { asLines, asWhole, DAY_MS, fault, HOUR_MS, NOVEMBER, newTown } from './village.ts';

const MINUTE_MS = 60_000;
const FROM = NOVEMBER + HOUR_MS;
const TO = NOVEMBER + 3 * HOUR_MS;
const END = NOVEMBER + 5 * HOUR_MS;

const of = (device: string, messages: readonly TownMessage[]): TownMessage[] =>
  messages.filter((message) => message.device === device);
const seqs = (messages: readonly TownMessage[]): number[] => messages.map(({ frame }) => frame.seq ?? Number.NaN);
const delaysMs = (messages: readonly TownMessage[]): number[] =>
  messages.map(({ atMs, frame }) => atMs - (frame.ts ?? Number.NaN));

describe('a fault of a link', () => {
  it('link-down keeps reports in memory, and brings them within minutes when it is back', async () => {
    const faults = [fault('link-down', 'pressure-1', { toMs: TO })];
    const [wrong, sound] = await Promise.all([newTown({ faults }), newTown()]);
    const arrived = of('pressure-1', wrong.step(END));
    expect(arrived.filter(({ atMs }) => atMs >= FROM && atMs < TO)).toEqual([]);
    expect(asLines(arrived).sort()).toEqual(asLines(of('pressure-1', sound.step(END))).sort());
    const backlog = arrived.filter((_, i) => (delaysMs(arrived)[i] ?? 0) > 0);
    expect(backlog.length).toBe(120);
    expect(backlog.at(-1)?.atMs).toBeLessThanOrEqual(TO + 5 * MINUTE_MS);
    expect(seqs(backlog)).toEqual([...seqs(backlog)].sort((a, b) => a - b));
    expect(backlog.at(-1)?.atMs).toBeGreaterThan(TO + 4 * MINUTE_MS);
  });

  it('link-down of a gateway takes all that speaks through it', async () => {
    const town = await newTown({ faults: [fault('link-down', 'gw-tank-1', { toMs: TO })] });
    town.skip(FROM);
    const heard = new Set(town.step(TO - 1).map(({ device }) => device));
    expect(heard.size).toBe(36);
    expect(heard).not.toContain('meter-upper');
  });

  it('link-down for longer than the memory lasts loses the oldest, and says so', async () => {
    const endMs = NOVEMBER + 5 * DAY_MS;
    const town = await newTown({ faults: [fault('link-down', 'pressure-1', { toMs: endMs })] });
    const arrived = of('pressure-1', town.step(endMs + HOUR_MS, 600));
    const oldestMs = Math.min(...arrived.filter(({ atMs }) => atMs >= endMs).map(({ frame }) => frame.ts ?? 0));
    expect(oldestMs).toBeGreaterThanOrEqual(endMs - 5000 * MINUTE_MS);
    expect(oldestMs).toBeLessThan(endMs - 4980 * MINUTE_MS);
    expect(town.links().overwritten).toBeGreaterThan(200);
    expect(town.links().waiting).toBe(0);
  });

  it('link-down that is ended while the village runs lets its reports go then', async () => {
    const open = fault('link-down', 'pressure-1');
    const [ended, known] = await Promise.all([
      newTown({ faults: [open] }),
      newTown({ faults: [{ ...open, toMs: TO }] }),
    ]);
    const arrived = asWhole(ended.step(TO - 1));
    expect(ended.links().waiting).toBe(120);
    ended.put({ ...open, toMs: TO });
    arrived.push(...asWhole(ended.step(END)));
    expect(arrived).toEqual(asWhole(known.step(END)));
  });

  it('link-lossy loses reports for good, and the numbers tell', async () => {
    const town = await newTown({ faults: [fault('link-lossy', 'gw-tank-2', { percent: 40 })] });
    const numbers = seqs(of('tank-2-level', town.step(NOVEMBER + 25 * HOUR_MS)));
    const lost = 60 + 24 * 60 - numbers.length;
    expect(lost / (24 * 60)).toBeGreaterThan(0.35);
    expect(lost / (24 * 60)).toBeLessThan(0.45);
    expect(numbers.at(-1)).toBeGreaterThan(numbers.length + 400);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('link-late brings every report so much later', async () => {
    const town = await newTown({ faults: [fault('link-late', 'pressure-2', { byS: 200, toMs: TO })] });
    const delays = delaysMs(of('pressure-2', town.step(END)));
    expect(delays.filter((delay) => delay === 200_000).length).toBe(120);
    expect(delays.filter((delay) => delay === 0).length).toBe(180);
  });

  it('link-duplicates brings some reports twice, and the same both times', async () => {
    const town = await newTown({ faults: [fault('link-duplicates', 'pressure-2', { percent: 50 })] });
    const arrived = of('pressure-2', town.step(END));
    const twice = arrived.length - new Set(asLines(arrived)).size;
    expect(twice).toBeGreaterThan(90);
    expect(twice).toBeLessThan(150);
    expect(new Set(seqs(arrived)).size).toBe(new Set(asLines(arrived)).size);
  });

  it('link-reorders brings reports out of order, none missing', async () => {
    const faults = [fault('link-reorders', 'pressure-2', { withinS: 600, toMs: TO })];
    const [wrong, sound] = await Promise.all([newTown({ faults }), newTown()]);
    const arrived = of('pressure-2', wrong.step(END));
    const numbers = seqs(arrived);
    expect(numbers.filter((seq, i) => seq < (numbers[i - 1] ?? 0)).length).toBeGreaterThan(20);
    expect(Math.max(...delaysMs(arrived))).toBeLessThanOrEqual(600_000);
    expect(asLines(arrived).sort()).toEqual(asLines(of('pressure-2', sound.step(END))).sort());
  });

  it('operator-outage takes the whole village, and all of it comes later', async () => {
    const faults = [fault('operator-outage', 'toru', { toMs: TO })];
    const [wrong, sound] = await Promise.all([newTown({ faults }), newTown()]);
    const arrived = wrong.step(END);
    expect(arrived.filter(({ atMs }) => atMs >= FROM && atMs < TO)).toEqual([]);
    expect(asLines(arrived).sort()).toEqual(asLines(sound.step(END)).sort());
  });

  it('tells in order of arrival, however it is stepped', async () => {
    const faults = [
      fault('link-reorders', 'gw-tank-1', { withinS: 300 }),
      fault('link-duplicates', 'gw-tank-1', { percent: 30 }),
      fault('link-down', 'gw-tank-1', { fromMs: TO, toMs: TO + HOUR_MS }),
    ];
    const [one, many] = await Promise.all([newTown({ faults }), newTown({ faults })]);
    const inOne = one.step(END);
    const inMany: TownMessage[] = [];
    for (let at = NOVEMBER + 7000; at < END + 7000; at += 7000) inMany.push(...many.step(Math.min(at, END)));
    expect(asWhole(inMany)).toEqual(asWhole(inOne));
    const times = inOne.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('hands out no snapshot that is later than a report on its way', async () => {
    const town = await newTown({ faults: [fault('link-down', 'pressure-1', { toMs: TO + 1 })] });
    town.skip(TO);
    expect(town.snapshot().atMs).toBe(FROM);
    town.skip(TO + 10 * MINUTE_MS);
    expect(town.snapshot().atMs).toBe(TO);
  });
});

describe('a power cut', () => {
  it('is told at once by the gateways, which live on their batteries for some hours', async () => {
    const town = await newTown({ faults: [fault('power-cut', 'toru', { toMs: FROM + 12 * HOUR_MS })] });
    const messages = of('gw-tank-1', town.step(NOVEMBER + 20 * HOUR_MS));
    const told = messages.find(({ frame }) => frame.values.mains_ok === false);
    expect(told?.atMs).toBe(FROM);
    const volts = messages.filter(({ atMs }) => atMs >= FROM && atMs < FROM + 9 * HOUR_MS);
    expect(Number(volts[0]?.frame.values.battery)).toBeLessThan(12.9);
    expect(Number(volts.at(-1)?.frame.values.battery)).toBeLessThan(11);
    const silentMs = (volts.at(-1)?.atMs ?? 0) - FROM;
    expect(silentMs / HOUR_MS).toBeCloseTo(8, 1);
    const back = messages.find(({ atMs }) => atMs >= FROM + 9 * HOUR_MS);
    expect(back?.atMs).toBe(FROM + 12 * HOUR_MS);
    expect(back?.frame.values.mains_ok).toBe(true);
    expect(back?.frame.seq).toBe(0);
    expect(Number(back?.frame.values.battery)).toBeLessThan(13);
  });

  it('finds a battery that was not charged again half empty', async () => {
    const faults = [
      fault('power-cut', 'toru', { id: 'a', toMs: FROM + 6 * HOUR_MS }),
      fault('power-cut', 'toru', { id: 'b', fromMs: FROM + 8 * HOUR_MS }),
    ];
    const town = await newTown({ faults });
    const last = of('gw-tank-1', town.step(NOVEMBER + DAY_MS)).at(-1);
    expect(((last?.atMs ?? 0) - FROM) / HOUR_MS).toBeCloseTo(8 + 3, 1);
  });

  it('leaves the pump standing, the UV lamp dark and the cabinet meter at 0 V, while gateways live', async () => {
    const town = await newTown({ faults: [fault('power-cut', 'toru')] });
    const messages = town.step(FROM + 2 * HOUR_MS).filter(({ atMs }) => atMs > FROM);
    for (const { frame } of of('borehole-1-pump', messages)) {
      expect(frame.values).toMatchObject({ pump_running: false, active_power: 0 });
    }
    for (const { frame } of of('cab-1-meter', messages)) {
      expect(frame.values).toMatchObject({ voltage_l1: 0, current_l1: 0, active_power: 0, power_factor: null });
    }
    for (const { frame } of of('circuit-1', messages)) expect(frame.values.active_power).toBe(0);
    expect(of('treatment-1-quality', messages)[0]?.frame.values.uv_ok).toBe(false);
    expect(of('pressure-1', messages).length).toBe(120);
    expect(of('tank-1-level', messages).length).toBe(120);
  });

  it('of one asset takes nobody else', async () => {
    const town = await newTown({ faults: [fault('power-cut', 'cab-2')] });
    const last = new Map(town.step(FROM + HOUR_MS).map((message) => [message.device, message.frame.values]));
    expect(last.get('gw-cab-2')?.mains_ok).toBe(false);
    expect(last.get('gw-cab-1')?.mains_ok).toBe(true);
    expect(last.get('cab-2-meter')?.voltage_l2).toBe(0);
    expect(last.get('cab-1-meter')?.voltage_l2).toBeGreaterThan(200);
  });
});
