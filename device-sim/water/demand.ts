/** How much water homes want at a moment: the network file's pattern, the season, better and worse days, habits and chance. */
import type { Plant, Site } from '../../model/plant.ts';
import type { LocalHour } from '../local-time.ts';
import { gauss, noiseKey, wander } from '../noise.ts';
import { type FileTime, smoothed, stepped } from './file-time.ts';
import type { Habits } from './habits.ts';
import type { Demand, NetworkFile } from './network-file.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365.2425 * DAY_MS;
/** Gardens are watered around mid-July. */
const HIGH_SUMMER = 0.54;
/** Where the plant does not say how many connections there are: 4 people each, 100 L a person and day. */
const CONNECTION_M3H = (4 * 0.1) / 24;
/** So many homes are as uneven as `chance` says; more of them even out. */
const A_DOZEN = 12;

/** Who takes water at a junction. */
export interface Consumer {
  readonly node: string;
  readonly connections: number;
  readonly demand: Demand;
}

/** The plant's connections are spread over the junctions as the file's demand is. */
export function consumersOf(file: NetworkFile, plant?: Plant, site?: Site): Consumer[] {
  const meanM3h = file.demands.reduce((sum, demand) => sum + Math.max(0, demand.meanM3h), 0);
  const zones = plant?.zones.filter((zone) => site === undefined || zone.site === site.id) ?? [];
  const known = zones.reduce((sum, { connections = 0 }) => sum + connections, 0);
  const perM3h = known > 0 && meanM3h > 0 ? known / meanM3h : 1 / CONNECTION_M3H;
  return file.demands.map((demand) => ({
    node: demand.node,
    connections: Math.max(0, demand.meanM3h) * perM3h,
    demand,
  }));
}

export interface DemandOptions {
  readonly file: NetworkFile;
  readonly fileTime: FileTime;
  readonly consumers: readonly Consumer[];
  readonly seed: number;
  readonly localHour: LocalHour;
  readonly habits: Habits;
}

/** Fills in what each consumer wants at a time, m3/h. */
export type Wanted = (atMs: number, into: Float64Array) => void;

/** Nothing but the file. */
export function demandAsWritten({
  file,
  fileTime,
  consumers,
}: Omit<DemandOptions, 'seed' | 'habits' | 'localHour'>): Wanted {
  return (atMs, into) => {
    const sinceBeginS = fileTime.sinceBeginS(atMs);
    consumers.forEach(({ demand }, i) => {
      let sum = 0;
      for (const { baseM3h, pattern } of demand.parts) sum += baseM3h * stepped(pattern, file, sinceBeginS);
      into[i] = sum;
    });
  };
}

export function demandOfVillage(options: DemandOptions): Wanted {
  const { file, fileTime, consumers, seed, habits } = options;
  const village = noiseKey(seed, 'demand');
  const keys = consumers.map(({ node }) => noiseKey(seed, `demand/${node}`));
  const evenness = consumers.map(({ connections }) => Math.min(1, Math.sqrt(A_DOZEN / Math.max(1, connections))));
  return (atMs, into) => {
    const sinceBeginS = fileTime.sinceBeginS(atMs);
    const day = season(atMs) * (1 + 0.04 * wander(village, atMs, DAY_MS));
    const habit = habits.at(atMs);
    for (let i = 0; i < consumers.length; i++) {
      const { demand, connections } = consumers[i] as Consumer;
      let usual = habit.ofMean * demand.meanM3h;
      for (const { baseM3h, pattern } of demand.parts) {
        usual += habit.factor * baseM3h * smoothed(pattern, file, sinceBeginS);
      }
      into[i] =
        usual * day * chance(keys[i] as number, evenness[i] as number, atMs) + connections * habit.perConnectionM3h;
    }
  };
}

/** A dozen homes: taps come and go within minutes. */
function chance(key: number, evenness: number, atMs: number): number {
  return Math.max(0, 1 + evenness * (0.4 * wander(key, atMs, 10 * MINUTE_MS) + 0.25 * gauss(key, atMs)));
}

/** Part of the yearly mean: 0.92 in winter, 1.32 in July. */
function season(atMs: number): number {
  const summer = Math.max(0, Math.cos(2 * Math.PI * (atMs / YEAR_MS - HIGH_SUMMER)));
  return 0.92 + 0.4 * summer * summer;
}
