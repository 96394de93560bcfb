/** Street lighting: who switches each circuit, which lamps burn, and what a cabinet's three-phase meter sees and counts. */
import type { Circuit } from '../../model/circuit.ts';
import { createCircuitSchedule } from '../../model/circuit-schedule.ts';
import type { Plant, Site } from '../../model/plant.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import type { Faults } from '../faults.ts';
import type { LocalHour } from '../local-time.ts';
import type { Power } from '../power.ts';
import { checkLightFault } from './check.ts';
import { createMains, type Phase } from './mains.ts';
import type { LineState } from './states.ts';
import { createSupply, type PhaseLoad, type Supply } from './supply.ts';
import { createSwitches } from './switches.ts';

/** Through the filter of a lamp's driver to its earthed pole, and through the cabinet's own. */
const LAMP_LEAKS_MA = 0.4;
const CABINET_LEAKS_MA = 2;

export interface Lighting {
  /** What its cabinet's controller orders; lamps with photo-relays get no orders. */
  isCommanded(circuit: Circuit, atMs: number): boolean;
  /** Feedback of its contactor; of lamps with photo-relays, whether any relay is on. */
  isContactorOn(circuit: Circuit, atMs: number): boolean;
  isBreakerClosed(circuit: Circuit, atMs: number): boolean;
  /** Whether any of its lamps burns. */
  isLit(circuit: Circuit, atMs: number): boolean;
  lampsOn(circuit: Circuit, atMs: number): number;
  /** As ordered, in % of the lamps' power; 0: off. */
  dimming(circuit: Circuit, atMs: number): number;
  circuitW(circuit: Circuit, atMs: number): number;
  /** For how long between two times any of its lamps burned. */
  burntMs(circuit: Circuit, fromMs: number, toMs: number): number;

  phaseLoad(cabinet: string, phase: Phase, atMs: number): PhaseLoad;
  leakageMa(cabinet: string, atMs: number): number;
  isDoorOpen(cabinet: string, atMs: number): boolean;
  /** Energy of a cabinet between two times, Wh. */
  energyWh(cabinet: string, fromMs: number, toMs: number): number;

  /** When anything of it may be switched: in `[fromMs, toMs)`, rising. */
  switchedIn(fromMs: number, toMs: number): number[];
  targets(): { readonly circuit: readonly string[]; readonly cabinet: readonly string[] };
  /** Null, or what is wrong with a fault of light, in one sentence. */
  check(fault: SimFault): string | null;
}

export interface LightingOptions {
  readonly plant: Plant;
  readonly site: Site;
  readonly seed: number;
  readonly localHour: LocalHour;
  readonly faults: Faults;
  readonly power: Power;
}

export function createLighting(options: LightingOptions): Lighting {
  const { plant, site, faults } = options;
  const circuits = plant.circuits.filter((circuit) => circuit.site === site.id);
  const cabinets = cabinetsOf(plant, site, circuits);
  const supplies = createSupplies(options, circuits);

  function line(circuit: Circuit, atMs: number): LineState {
    const { supply, index } = supplies.of(circuit);
    return supply.line(index, atMs);
  }

  return {
    isCommanded: (circuit, atMs) => line(circuit, atMs).isCommanded,
    isContactorOn: (circuit, atMs) => line(circuit, atMs).isContactorOn,
    isBreakerClosed: (circuit, atMs) => line(circuit, atMs).isBreakerClosed,
    isLit: (circuit, atMs) => line(circuit, atMs).lampsOn > 0,
    lampsOn: (circuit, atMs) => line(circuit, atMs).lampsOn,
    dimming: (circuit, atMs) => line(circuit, atMs).dimming,
    circuitW(circuit, atMs) {
      const { supply, index } = supplies.of(circuit);
      return supply.lineW(index, atMs);
    },
    burntMs(circuit, fromMs, toMs) {
      const { supply, index } = supplies.of(circuit);
      return supply.burntMs(index, fromMs, toMs);
    },
    phaseLoad: (cabinet, phase, atMs) => supplies.ofCabinet(cabinet).phaseLoads(atMs)[phase] as PhaseLoad,
    leakageMa: (cabinet, atMs) => CABINET_LEAKS_MA + LAMP_LEAKS_MA * supplies.ofCabinet(cabinet).lampsOn(atMs),
    isDoorOpen: (cabinet, atMs) => faults.acting('door-open', cabinet, atMs) !== undefined,
    energyWh: (cabinet, fromMs, toMs) => supplies.ofCabinet(cabinet).energyWh(fromMs, toMs),
    switchedIn(fromMs, toMs) {
      const times = new Set(supplies.all().flatMap((supply) => supply.switchedIn(fromMs, toMs)));
      return [...times].sort((a, b) => a - b);
    },
    targets: () => ({ circuit: circuits.map(({ id }) => id), cabinet: cabinets }),
    check: (fault) => checkLightFault(fault, { circuits, cabinets }),
  };
}

function cabinetsOf(plant: Plant, site: Site, circuits: readonly Circuit[]): readonly string[] {
  const assets = [...plant.assets.values()].filter((asset) => asset.site === site.id && asset.kind === 'cabinet');
  const named = circuits.map(({ cabinet }) => cabinet).filter((cabinet) => cabinet !== undefined);
  return [...new Set([...assets.map(({ id }) => id as string), ...named])];
}

/** Each cabinet is one, and so is the utility's line to each circuit without a cabinet. */
function createSupplies({ site, seed, localHour, faults, power }: LightingOptions, circuits: readonly Circuit[]) {
  const schedule = createCircuitSchedule({ place: site, localHour });
  const places = new Map<string, { supply: Supply; index: number }>();
  const byCabinet = new Map<string, Supply>();

  function create(cabinet: string | undefined, fed: readonly Circuit[]): Supply {
    const switches = createSwitches({ cabinet, circuits: fed, seed, schedule, faults, power });
    const mains = createMains(seed, cabinet ?? fed[0]?.id ?? '', localHour);
    const supply = createSupply({ place: site, seed, faults, mains, switches });
    fed.forEach((circuit, index) => {
      places.set(circuit.id, { supply, index });
    });
    return supply;
  }

  for (const [cabinet, fed] of Map.groupBy(circuits, (circuit) => circuit.cabinet)) {
    if (cabinet !== undefined) byCabinet.set(cabinet, create(cabinet, fed));
    else for (const circuit of fed) create(undefined, [circuit]);
  }
  const all = [...new Set([...places.values()].map(({ supply }) => supply))];
  return {
    all: () => all,
    of(circuit: Circuit): { supply: Supply; index: number } {
      const place = places.get(circuit.id);
      if (!place) throw new Error(`circuit ${circuit.id} is not of ${site.id}`);
      return place;
    },
    /** One without circuits has a modem all the same. */
    ofCabinet(cabinet: string): Supply {
      const supply = byCabinet.get(cabinet) ?? create(cabinet, []);
      byCabinet.set(cabinet, supply);
      return supply;
    },
  };
}
