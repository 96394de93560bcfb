/** What crosses between server and browser (contract 3 and 4), as types: both sides import them, neither copies them. */
import type { AlarmState, OutOfService, Shelf } from '../model/alarm.ts';
import type { DetectorKind } from '../model/condition.ts';
import type { Action, Role } from '../model/person.ts';
import type { LiveQuality } from '../model/reading.ts';
import type { Priority } from '../model/rule.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { FaultKind, FaultTarget } from '../model/sim-fault-catalogue.ts';

/** A name in as many of the three languages as the plant file gives. */
export type NameWire = { readonly ky?: string; readonly ru?: string; readonly en?: string };

/** A yes/no metric's value is true or false; null: the device could not read it. */
export type ValueWire = number | boolean | null;

export interface LiveWire {
  readonly site: string;
  readonly device: string;
  readonly metric: string;
  readonly value: ValueWire;
  readonly unit: string;
  /** Device time, epoch ms. */
  readonly ts: number;
  readonly quality: LiveQuality;
  /** Server's now minus ts, when it was sent. */
  readonly ageMs: number;
}

/** Of the server itself, and so of every site, where `device` and `site` are null. */
export interface AlarmWire {
  readonly id: string;
  readonly rule: string;
  readonly detector: DetectorKind;
  readonly priority: Priority;
  readonly state: AlarmState;
  readonly site: string | null;
  readonly asset: string | null;
  readonly device: string | null;
  readonly metric: string | null;
  /** The value that raised it and the limit it broke, in `unit`. */
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string | null;
  /** What else its text may show, by message key. */
  readonly values: Readonly<Record<string, number | string>>;
  readonly title: NameWire;
  /** What to do. */
  readonly advice: NameWire | null;
  readonly raisedAt: number;
  readonly returnedAt: number | null;
  /** The server's time since when it is in its state. */
  readonly stateSince: number;
  /** How often it came again before anybody had seen it. */
  readonly repeatCount: number;
  readonly latches: boolean;
  readonly isHistorical: boolean;
  /** People have been told of it. */
  readonly isAnnounced: boolean;
  readonly shelved: Shelf | null;
  readonly outOfService: OutOfService | null;
  /** Ids of alarms and works that explain it. */
  readonly suppressedBy: readonly string[];
  readonly heldUntil: number | null;
  /** How many alarms it has suppressed so far, and those that it suppresses now, at most 100 of them. */
  readonly childCount: number;
  readonly children: readonly string[];
}

/** What the alarms of a rule say. */
export interface RuleWire {
  readonly rule: string;
  readonly priority: Priority;
  readonly title: NameWire;
  readonly cause: NameWire;
  readonly consequence: NameWire;
  readonly action: NameWire;
  readonly respondWithinMin: number;
}

export interface SiteWire {
  readonly id: string;
  readonly name: NameWire;
  readonly lat: number;
  readonly lon: number;
  readonly timeZone: string;
  readonly simulated: boolean;
}

export interface AssetWire {
  readonly id: string;
  readonly site: string;
  readonly kind: string;
  readonly name: NameWire;
  /** Reservoirs only: pairs of level m and volume m3, and the marks in m. */
  readonly levelVolume?: readonly (readonly [number, number])[];
  readonly overflowM?: number;
  readonly fireReserveM?: number;
}

export interface DeviceWire {
  readonly id: string;
  readonly site: string;
  readonly name: NameWire;
  readonly kind: string;
  readonly asset: string | null;
  readonly via: string | null;
  readonly everyS: number;
  /** Age in s after which a value is late, and after which it is stale. */
  readonly lateAfterS: number;
  readonly staleAfterS: number;
  readonly metrics: readonly string[];
  /** Those of `metrics` that report on change: their age says nothing, only the device's silence does. */
  readonly onChange: readonly string[];
}

export interface ZoneWire {
  readonly id: string;
  readonly site: string;
  readonly name: NameWire;
  /** `device.metric` each; net inflow = inlets - outlets - d(storage)/dt. */
  readonly inlets: readonly string[];
  readonly outlets: readonly string[];
  readonly storage: readonly string[];
  readonly connections: number | null;
  readonly people: number | null;
  readonly mainsKm: number | null;
}

export interface CircuitWire {
  readonly id: string;
  readonly site: string;
  readonly name: NameWire;
  /** Null: its lamps hang on the utility's line, each with a photo-relay. */
  readonly cabinet: string | null;
  /** `device.metric`, or null where there is none. */
  readonly meter: string | null;
  readonly contactor: string | null;
  readonly lamps: readonly { readonly type: string; readonly watt: number; readonly count: number }[];
  /** The schedule, e.g. `sunset+10m` or `sun-4deg`. */
  readonly on: string;
  readonly off: string;
  /** The lit period that holds the server's now, or else the next; epoch ms; null where the sun gives none. */
  readonly lit: { readonly onAt: number; readonly offAt: number } | null;
}

/** Limits of the rules that watch a series, for the marks beside its value. */
export interface LimitWire {
  readonly rule: string;
  readonly device: string;
  readonly metric: string;
  readonly below: number | null;
  readonly above: number | null;
  /** Of a yes/no metric: the value that raises. */
  readonly is: boolean | null;
  readonly priority: Priority;
}

export interface PlantWire {
  readonly sites: readonly SiteWire[];
  readonly assets: readonly AssetWire[];
  readonly devices: readonly DeviceWire[];
  readonly zones: readonly ZoneWire[];
  readonly circuits: readonly CircuitWire[];
  readonly metrics: Readonly<Record<string, { readonly unit: string; readonly kind: string; readonly type: string }>>;
  readonly limits: readonly LimitWire[];
}

export interface HistoryWire {
  readonly device: string;
  readonly metric: string;
  readonly unit: string;
  /** Width of a point; 0 for raw readings. A bucket without readings is left out: a gap stays a gap. */
  readonly bucketMs: number;
  /** `[ts, value]`; for `minmax` `[ts, min, max, mean]`. A bad reading is null. */
  readonly points: readonly (readonly (number | null)[])[];
  readonly next?: number;
  /** Gaps that are none of the device's making: what was stored of them is damaged. Both ends included. */
  readonly damaged?: readonly { readonly from: number; readonly to: number }[];
}

/** Where the simulator stands: it delivers the past first, then runs live. */
export interface SimWire {
  readonly site: string;
  readonly timeZone: string;
  readonly phase: 'backfill' | 'live' | 'failed';
  /** Why it failed, in a sentence: it stands still until the server is started again. */
  readonly failure: string | null;
  /** Village time, epoch ms: start and end of the back-fill and how far it is acknowledged. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly doneMs: number;
  /** What time it is in the village. */
  readonly villageMs: number;
  /** Times faster than the clock, while it is behind. */
  readonly speed: number | 'max';
  readonly isPaused: boolean;
  /** All there ever were, past and to come. */
  readonly faults: readonly SimFault[];
}

/** What `/api/sim` says beyond the socket: what a fault may be, and whom it may befall. */
export interface SimDetailWire extends SimWire {
  readonly kinds: readonly FaultKind[];
  readonly targets: Readonly<Record<FaultTarget, readonly FaultTargetWire[]>>;
}

export interface FaultTargetWire {
  readonly id: string;
  readonly name: NameWire;
}

/** Who looks: everybody may. `via` is `loopback` while there are no users and the page is open at the server itself; no page is `command-line`. */
export interface SessionWire {
  readonly user: string | null;
  readonly role: Role;
  /** What the role may do: the page offers nothing else. */
  readonly may: readonly Action[];
  readonly via: 'session' | 'command-line' | 'loopback' | null;
  /** Why nobody may sign in, where nobody may. */
  readonly closed?: 'people-lost';
}

export interface ErrorWire {
  readonly error: { readonly code: string; readonly message: string; readonly details?: readonly unknown[] };
}

/** Socket.IO namespace `/live`, server to page. `version` grows with every change, `now` is the server's clock. */
export interface ServerEvents {
  snapshot(frame: { version: number; now: number; values: LiveWire[]; alarms: AlarmWire[] }): void;
  values(frame: { version: number; now: number; changes: LiveWire[] }): void;
  alarm(alarm: AlarmWire): void;
  /** Every 5 s: a page that misses it is blind and says so. */
  heartbeat(frame: { version: number; now: number }): void;
  sim(state: SimWire): void;
}

export interface ClientEvents {
  /** A site's id, or `all`. The answer is a `snapshot`. */
  subscribe(request: { site: string }): void;
}
