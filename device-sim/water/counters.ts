/** What meters and pumps count, since the village began. */
import type { NetworkFile } from './network-file.ts';

const HOUR_MS = 3_600_000;
/** The borehole's water falls by 0.38 m for each m3/h drawn, and takes some 12 min to follow. */
const DRAWDOWN_M_PER_M3H = 0.38;
const DRAWDOWN_TAU_S = 720;

/** What a pump's controller counts. */
export interface PumpCounts {
  readonly runS: number;
  readonly starts: number;
  readonly kWh: number;
  readonly drawdownM: number;
}

/** Plain data. */
export interface CounterState {
  readonly volumeM3: Readonly<Record<string, number>>;
  readonly pumps: Readonly<Record<string, PumpCounts>>;
}

/** Of the present segment. */
export interface Running {
  readonly isOpen: boolean;
  readonly flowM3h: number;
  readonly kW: number;
}

export interface Counters {
  volumeM3(link: number, flowM3h: number, passedMs: number): number;
  pump(id: string, running: Running, passedMs: number): PumpCounts;
  start(pump: string): void;
  /** A segment is over. */
  settle(flows: readonly number[], running: (pump: string) => Running, passedMs: number): void;
  state(flows: readonly number[], running: (pump: string) => Running, passedMs: number): CounterState;
}

const NEW_PUMP: PumpCounts = { runS: 0, starts: 0, kWh: 0, drawdownM: 0 };

export function createCounters(file: NetworkFile, saved: Partial<CounterState> = {}): Counters {
  const linkIds = [...file.links.keys()];
  const volumes = Float64Array.from(linkIds, (id) => saved.volumeM3?.[id] ?? 0);
  const counts = new Map(file.pumps.map((id) => [id, saved.pumps?.[id] ?? NEW_PUMP]));

  const counters: Counters = {
    // Forward only: the total that an electromagnetic meter shows first. Water that flows back is in another register.
    volumeM3: (link, flowM3h, passedMs) => (volumes[link] ?? 0) + (Math.max(0, flowM3h) * passedMs) / HOUR_MS,
    pump(id, { isOpen, flowM3h, kW }, passedMs) {
      const before = counts.get(id) ?? NEW_PUMP;
      const passedS = passedMs / 1000;
      const settledM = DRAWDOWN_M_PER_M3H * flowM3h;
      return {
        runS: before.runS + (isOpen ? passedS : 0),
        starts: before.starts,
        kWh: before.kWh + (kW * passedS) / 3600,
        drawdownM: settledM + (before.drawdownM - settledM) * Math.exp(-passedS / DRAWDOWN_TAU_S),
      };
    },
    start(pump) {
      const before = counts.get(pump);
      if (before) counts.set(pump, { ...before, starts: before.starts + 1 });
    },
    settle(flows, running, passedMs) {
      for (let i = 0; i < volumes.length; i++) volumes[i] = counters.volumeM3(i, flows[i] ?? 0, passedMs);
      for (const id of file.pumps) counts.set(id, counters.pump(id, running(id), passedMs));
    },
    state: (flows, running, passedMs) => ({
      volumeM3: Object.fromEntries(linkIds.map((id, i) => [id, counters.volumeM3(i, flows[i] ?? 0, passedMs)])),
      pumps: Object.fromEntries(file.pumps.map((id) => [id, counters.pump(id, running(id), passedMs)])),
    }),
  };
  return counters;
}
