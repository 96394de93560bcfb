/** Three sites on two supplies and two operators, with a desk over them; each device speaks once a minute. */
import { createOutageWatch } from '../../../ingest/alarms/outage-watch.ts';
import type { ConditionRaise, DetectorKind } from '../../../model/condition.ts';
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import { type Device, type Plant, parsePlant } from '../../../model/plant.ts';
import { parseProfile } from '../../../model/profile.ts';
import type { Priority } from '../../../model/rule.ts';
import { openDesk } from '../../harness/alarms.ts';
import { silentLog } from '../../harness/readings.ts';

export const MINUTE = 60_000;
const SILENT_MS = 10 * MINUTE;
const BEGIN = 1.7e12;

const PROFILES = new Map(
  [
    { id: 'gateway', kind: 'gateway', everyS: 60, metrics: { mains_ok: { reporting: 'on-change' }, battery: {} } },
    { id: 'level', kind: 'level', everyS: 60, metrics: { level: {}, flow_rate: {}, pressure: {} } },
    { id: 'meter', kind: 'meter', everyS: 60, metrics: { voltage_l1: {}, active_power: {}, breaker_closed: {} } },
  ].map((raw) => {
    const parsed = parseProfile(raw);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return [parsed.value.id, parsed.value];
  }),
);

const SITES = [
  { id: 'upper', utilitySupply: 'ts-14', operator: 'Beeline' },
  { id: 'lower', utilitySupply: 'ts-14', operator: 'MegaCom' },
  { id: 'far', utilitySupply: 'ts-20', operator: 'MegaCom' },
];

/** Each site: four gateways, each with a level and a meter behind it, and a logger with a modem of its own. */
export function villagePlant(sites = SITES): Plant {
  const at = { lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' };
  const gateways = sites.flatMap(({ id }) => [1, 2, 3, 4].map((n) => ({ site: id, id: `${id}-gw-${n}`, n })));
  const parsed = parsePlant(
    {
      sites: sites.map((site) => ({ ...site, ...at })),
      assets: gateways.map(({ id, site }) => ({ id: `asset-${id}`, site, kind: 'cabinet' })),
      devices: [
        ...gateways.flatMap(({ id, site }) => [
          { id, site, profile: 'gateway', asset: `asset-${id}` },
          { id: `${id}-level`, site, profile: 'level', via: id },
          { id: `${id}-meter`, site, profile: 'meter', via: id },
        ]),
        ...sites.map(({ id }) => ({ id: `${id}-logger`, site: id, profile: 'level' })),
      ],
      zones: sites.map(({ id }) => ({ id: `zone-${id}`, site: id, inlets: [`${id}-gw-1-level.flow_rate`] })),
      circuits: sites.map(({ id }) => ({
        id: `circuit-${id}`,
        site: id,
        cabinet: `asset-${id}-gw-1`,
        meter: `${id}-gw-1-meter.active_power`,
        lamps: [{ type: 'led', watt: 60, count: 10 }],
        on: 'sunset',
        off: 'sunrise',
      })),
    },
    PROFILES,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

interface Condition {
  readonly metric?: string | null;
  readonly detector?: DetectorKind;
  readonly priority?: Priority;
}

export function villageWorld({ plant = villagePlant(), file }: { plant?: Plant; file?: string } = {}) {
  let now = BEGIN;
  const heard = new Map<DeviceId, number>();
  const opened = openDesk({ plant, now: () => now, ...(file !== undefined && { file }) });
  const { desk } = opened;
  const look = createOutageWatch({
    alarms: desk,
    heardAtMs: (id) => heard.get(id) ?? null,
    now: () => now,
    uptimeMs: () => now,
    log: silentLog,
  });
  const devices = [...plant.devices.values()];
  const startedAt = now;

  function raise(
    id: string,
    rule: string,
    { metric = null, detector = 'limit', priority = 'high' }: Condition = {},
  ): void {
    desk.apply(conditionOf(deviceOf(id), rule, { metric, detector, priority }, now));
  }

  function giveBack(id: string, rule: string): void {
    desk.apply({ kind: 'return', key: `${rule}.${id}`, at: now, isHistorical: false });
  }

  /** As the rule for silence does: told after 10 min, over with the first message. A gateway lives as long as one behind it. */
  function judgeSilence(device: Device): void {
    const members = [device, ...devices.filter(({ via }) => via === device.id)];
    const at = Math.max(startedAt, ...members.map(({ id }) => heard.get(id) ?? 0));
    const isSilent = now - at >= SILENT_MS;
    const isActive = desk.isActive(`silent.${device.id}`);
    if (isSilent && !isActive) raise(device.id, 'silent', { detector: 'silence' });
    if (!isSilent && isActive) giveBack(device.id, 'silent');
  }

  function deviceOf(id: string): Device {
    const device = plant.devices.get(id);
    if (!device) throw new Error(`no device ${id}`);
    return device;
  }

  /** Lets time pass, second by second, while those that `isSpeaking` speak. */
  function pass(ms: number, isSpeaking: (device: Device) => boolean = () => true): void {
    const speaking = devices.filter(isSpeaking);
    for (const until = now + ms; now < until; ) {
      now += 1_000;
      // Each in a second of its own.
      speaking.forEach((device, i) => {
        if ((now / 1_000 + i) % device.everyS === 0) heard.set(device.id, now);
      });
      devices.forEach(judgeSilence);
      look();
      desk.tick();
    }
  }

  /** Rules of what is open and nobody explains. */
  const unexplained = (): string[] =>
    desk
      .standing()
      .filter(({ suppressedBy, clearedAt }) => suppressedBy.length === 0 && clearedAt === null)
      .map(({ key }) => key)
      .toSorted();

  return { ...opened, raise, giveBack, pass, unexplained, devices, now: () => now };
}

function conditionOf(
  { id, site, asset }: Device,
  rule: string,
  { metric, detector, priority }: Required<Condition>,
  at: number,
): ConditionRaise {
  const subject = {
    site,
    asset: asset ?? null,
    device: id,
    metric: metric as MetricName | null,
    value: null,
    limit: null,
  };
  const rest = { isHistorical: false, latches: false, settleS: 300, values: {} };
  return { kind: 'raise', key: `${rule}.${id}`, rule, detector, priority, at, ...subject, ...rest };
}
