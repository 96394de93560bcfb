import { describe, expect, it } from 'vitest';
import { keyOf, type PlantView, plantView } from '../../dashboard/web/view/plant-view.ts';
import type { AssetWire, CircuitWire, DeviceWire, PlantWire, ZoneWire } from '../../dashboard/wire.ts';

const asset = (id: string, kind: string): AssetWire => ({ id, site: 's', kind, name: {} });
const device = (id: string, of: string | null, metrics: string[], kind = 'profiled'): DeviceWire => ({
  id,
  site: 's',
  name: {},
  kind,
  asset: of,
  via: null,
  everyS: 60,
  lateAfterS: 120,
  staleAfterS: 180,
  metrics,
  onChange: [],
});
const zone: ZoneWire = {
  id: 'z',
  site: 's',
  name: {},
  inlets: ['meter.flow_rate'],
  outlets: [],
  storage: ['tank-level.level'],
  connections: null,
  people: null,
  mainsKm: null,
};
const circuit: CircuitWire = {
  id: 'c',
  site: 's',
  name: {},
  cabinet: 'cab',
  meter: 'monitor.active_power',
  contactor: 'monitor.contactor_on',
  lamps: [
    { type: 'led', watt: 60, count: 10 },
    { type: 'hps', watt: 150, count: 2 },
  ],
  on: 'sunset',
  off: 'sunrise',
  lit: null,
};
const EVERYTHING = ['level', 'flow_rate', 'pressure', 'battery'];

function plant(parts: Partial<PlantWire>): PlantWire {
  const metrics = { volume_total: { unit: 'm3', kind: 'counter', type: 'number' } };
  return { sites: [], assets: [], devices: [], zones: [], circuits: [], limits: [], metrics, ...parts };
}

function viewOf(parts: Partial<PlantWire>, seen: string[] = []): PlantView {
  return plantView(plant(parts), new Set(seen));
}

describe('the plant as the page shows it', () => {
  it('finds the level of a reservoir by its asset', () => {
    const view = viewOf({
      assets: [asset('tank', 'reservoir')],
      devices: [device('gauge', 'tank', ['level', 'level_high', 'battery'])],
    });
    expect(view.tanks[0]?.level).toEqual({ device: 'gauge', metric: 'level' });
    expect(view.tanks[0]?.extra.map((r) => r.metric)).toEqual(['level_high']);
    expect(view.others).toEqual([]);
  });

  it('shows a reservoir without any device, too', () => {
    expect(viewOf({ assets: [asset('tank', 'reservoir')] }).tanks[0]?.level).toBeNull();
  });

  it('prefers the device that was seen to report a level', () => {
    const devices = [device('first', 'tank', ['level']), device('second', 'tank', EVERYTHING, 'device')];
    const view = viewOf({ assets: [asset('tank', 'reservoir')], devices }, ['second/level']);
    expect(view.tanks[0]?.level?.device).toBe('second');
  });

  it('puts the pump first and its fault apart', () => {
    const metrics = ['pump_fault', 'active_power', 'pump_running', 'volume_total', 'temperature'];
    const view = viewOf({ assets: [asset('bore', 'borehole')], devices: [device('pump', 'bore', metrics)] });
    const [source] = view.sources;
    expect([source?.running?.metric, source?.fault?.metric]).toEqual(['pump_running', 'pump_fault']);
    expect(source?.values.map((r) => r.metric)).toEqual(['active_power', 'temperature']);
  });

  it('does not repeat as a main what a zone already shows', () => {
    const assets = [asset('pipe', 'main'), asset('other-pipe', 'main')];
    const devices = [
      device('meter', 'pipe', ['flow_rate', 'volume_total']),
      device('meter-2', 'other-pipe', ['flow_rate']),
    ];
    const view = viewOf({ assets, devices, zones: [zone] });
    expect(view.zones[0]?.storage).toEqual([{ device: 'tank-level', metric: 'level' }]);
    expect(view.points.map((p) => p.asset.id)).toEqual(['other-pipe']);
  });

  it('gathers circuits under their cabinet, with lamps and installed power', () => {
    const view = viewOf({
      assets: [asset('cab', 'cabinet')],
      circuits: [circuit],
      devices: [
        device('monitor', 'cab', ['contactor_on', 'breaker_closed', 'active_power']),
        device('control', 'cab', ['door_open', 'light_command']),
        device('meter', 'cab', ['voltage_l1', 'voltage_l2', 'voltage_l3']),
      ],
    });
    const [cabinet] = view.cabinets;
    expect(cabinet?.circuits[0]).toMatchObject({ installedW: 900, lamps: 12, breaker: { metric: 'breaker_closed' } });
    expect(cabinet?.states.map((r) => r.metric)).toEqual(['door_open']);
    expect(cabinet?.voltages).toHaveLength(3);
    expect(view.others).toEqual([]);
  });

  it('gathers circuits without a cabinet, their lamps have photo-relays', () => {
    const view = viewOf({
      assets: [asset('cab', 'cabinet')],
      circuits: [circuit, { ...circuit, id: 'd', cabinet: null }],
    });
    expect(view.cabinets.map(({ id, circuits }) => [id, circuits.length])).toEqual([
      ['cab', 1],
      [null, 1],
    ]);
  });

  it('keeps circuits whose cabinet nobody declared', () => {
    expect(viewOf({ circuits: [circuit] }).cabinets).toMatchObject([{ id: 'cab', asset: null }]);
  });
});

describe('other devices', () => {
  it("show a newcomer's own device by the one value it reports", () => {
    const devices = [device('my-own', null, EVERYTHING, 'device')];
    expect(viewOf({ devices }).others).toEqual([{ device: 'my-own', values: [] }]);
    const [own] = viewOf({ devices }, ['my-own/level']).others;
    expect(own?.values.map(keyOf)).toEqual(['my-own/level']);
  });

  it('show what the plant does not list yet first, and gateways last', () => {
    const view = viewOf(
      {
        assets: [asset('gw', 'gateway')],
        devices: [device('gw-1', 'gw', ['mains_ok']), device('own', null, ['level'])],
      },
      ['stranger/level'],
    );
    expect(view.others.map((o) => o.device)).toEqual(['stranger', 'own', 'gw-1']);
  });
});
