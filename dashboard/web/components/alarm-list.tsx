/** Wrong first: what is open, the most urgent on top. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Priority } from '../../../model/rule.ts';
import type { AlarmWire, DeviceAlarmWire, ServerAlarmWire } from '../../wire.ts';
import { stateOf } from '../hooks.ts';
import { language, nameOf, quantityText, t, tCount } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { alarms, isBackfilling, isSnapshotHere, lastReturnAt, link } from '../live/feed.ts';
import { assetOf, plant, siteOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { moment } from '../view/format.ts';
import { placeName } from '../view/place-name.ts';
import { PrioritySign } from './icons.tsx';

const URGENCY: Readonly<Record<Priority, number>> = { critical: 1, high: 2, medium: 3, low: 4 };

export function AlarmList() {
  const open = alarms.value.toSorted(byUrgency);
  return (
    <section class="alarms" aria-live="polite" aria-label={t('alarms')}>
      {open.length === 0 ? (
        <NoAlarm />
      ) : (
        <ul>
          {open.map((alarm) => (
            <AlarmItem key={alarm.id} alarm={alarm} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** What is wrong with the server stands above the rest: it puts the rest in doubt. */
function byUrgency(a: AlarmWire, b: AlarmWire): number {
  const isServer = (alarm: AlarmWire) => Number(alarm.device === null);
  return isServer(b) - isServer(a) || URGENCY[a.priority] - URGENCY[b.priority] || b.raisedAt - a.raisedAt;
}

function AlarmItem({ alarm }: { alarm: AlarmWire }) {
  return <li>{alarm.device === null ? <ServerAlarm alarm={alarm} /> : <DeviceAlarm alarm={alarm} />}</li>;
}

/** No series stands behind it, so there is nowhere to go: it says itself what to do. */
function ServerAlarm({ alarm }: { alarm: ServerAlarmWire }) {
  return (
    <div class={`alarm alarm-${alarm.state}`}>
      <AlarmText alarm={alarm} where={t('server')}>
        {alarm.advice && <span class="alarm-advice">{nameOf(alarm.advice, '')}</span>}
      </AlarmText>
    </div>
  );
}

function DeviceAlarm({ alarm }: { alarm: DeviceAlarmWire }) {
  const asset = assetOf(alarm.asset);
  const where = asset ? nameOf(asset.name, asset.id) : placeName(alarm.device);
  const isNumber = plant.value?.metrics[alarm.metric]?.type !== 'boolean';
  const broken = isNumber ? ` · ${quantityText(alarm.value, alarm.unit)}, ${limitText(alarm)}` : '';
  return (
    <a class={`alarm alarm-${alarm.state}`} href={seriesAddress(alarm)}>
      <AlarmText alarm={alarm} where={where} broken={broken} />
    </a>
  );
}

interface AlarmTextProps {
  readonly alarm: AlarmWire;
  readonly where: string;
  readonly broken?: string;
  readonly children?: ComponentChildren;
}

function AlarmText({ alarm, where, broken = '', children }: AlarmTextProps) {
  const time = moment(alarm.raisedAt, now.peek(), siteOf(alarm.site ?? undefined)?.timeZone ?? 'UTC', language.value);
  return (
    <>
      <PrioritySign priority={alarm.priority} label={t(alarm.priority)} />
      <span class="alarm-text">
        <strong>{nameOf(alarm.title, alarm.rule)}</strong>
        <span class="alarm-facts">
          {where} · {t('since', { time })}
          {broken}
        </span>
        {children}
      </span>
    </>
  );
}

function limitText(alarm: DeviceAlarmWire): string {
  return t('limit', { value: quantityText(alarm.limit, alarm.unit) });
}

/** "All is well" is said only of what can be seen: with a link, and with no device silent. */
function NoAlarm() {
  const silent = useComputed(() => (isBackfilling.value ? 0 : countSilent())).value;
  if (!isSnapshotHere.value || !plant.value) return <p class="calm skeleton-text">{t('loading')}</p>;
  if (silent > 0 || link.value === 'blind' || isBackfilling.value) {
    return (
      <p class="calm">
        {t('noAlarms')}
        {silent > 0 && ` · ${tCount('silent', silent)}`}
      </p>
    );
  }
  const since = lastReturnAt.value;
  const timeZone = siteOf(undefined)?.timeZone ?? 'UTC';
  return (
    <p class="calm">
      {t('allWell')}
      {since !== null && ` · ${t('since', { time: moment(since, now.peek(), timeZone, language.value) })}`}
    </p>
  );
}

/** Devices of which not one value can be believed. */
function countSilent(): number {
  const devices = plant.value?.devices ?? [];
  return devices.filter((device) => {
    const states = device.metrics.map((metric) => stateOf({ device: device.id, metric }));
    return states.every((state) => state === 'stale' || state === 'unknown' || state === 'bad');
  }).length;
}
