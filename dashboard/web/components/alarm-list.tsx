/** Wrong first: what is open, the most urgent on top. */
import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Priority } from '../../../model/rule.ts';
import type { AlarmWire } from '../../wire.ts';
import { stateOf } from '../hooks.ts';
import type { TextKey } from '../i18n/catalogue.ts';
import { language, nameOf, quantityText, t, tCount } from '../i18n/language.ts';
import { type Act, failedActs, startAct, undoAct, waitingActs } from '../live/acts.ts';
import { now } from '../live/clock.ts';
import { alarms, isBackfilling, isSnapshotHere, lastReturnAt, link } from '../live/feed.ts';
import { assetOf, plant, siteOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { moment } from '../view/format.ts';
import { placeName } from '../view/place-name.ts';
import { PrioritySign } from './icons.tsx';

const URGENCY: Readonly<Record<Priority, number>> = { critical: 1, high: 2, medium: 3, low: 4 };

export function AlarmList() {
  const told = alarms.value.filter((alarm) => !isMuted(alarm)).toSorted(byUrgency);
  const mutedCount = alarms.value.length - told.length;
  return (
    <section class="alarms" aria-live="polite" aria-label={t('alarms')}>
      {told.length === 0 ? (
        <NoAlarm hasMuted={mutedCount > 0} />
      ) : (
        <ul>
          {told.map((alarm) => (
            <AlarmItem key={alarm.id} alarm={alarm} />
          ))}
        </ul>
      )}
      {mutedCount > 0 && <p class="alarms-muted">{tCount('muted', mutedCount)}</p>}
    </section>
  );
}

/** Explained by another, or set aside by somebody: it asks nothing of anybody now. */
function isMuted({ shelved, outOfService, suppressedBy, heldUntil }: AlarmWire): boolean {
  return shelved !== null || outOfService !== null || suppressedBy.length > 0 || heldUntil !== null;
}

/** What is wrong with the server stands above the rest: it puts the rest in doubt. */
function byUrgency(a: AlarmWire, b: AlarmWire): number {
  const isServer = (alarm: AlarmWire) => Number(alarm.device === null);
  return isServer(b) - isServer(a) || URGENCY[a.priority] - URGENCY[b.priority] || b.raisedAt - a.raisedAt;
}

function AlarmItem({ alarm }: { alarm: AlarmWire }) {
  return (
    <li class={`alarm alarm-${alarm.state}`}>
      {alarm.device === null ? <ServerAlarm alarm={alarm} /> : <DeviceAlarm alarm={alarm} />}
      <AlarmAct alarm={alarm} />
    </li>
  );
}

/** No series stands behind it, so there is nowhere to go: it says itself what to do. */
function ServerAlarm({ alarm }: { alarm: AlarmWire }) {
  return (
    <div class="alarm-body">
      <AlarmText alarm={alarm} where={t('server')}>
        {alarm.advice && <span class="alarm-advice">{nameOf(alarm.advice, '')}</span>}
      </AlarmText>
    </div>
  );
}

function DeviceAlarm({ alarm }: { alarm: AlarmWire }) {
  const asset = assetOf(alarm.asset);
  const where = asset ? nameOf(asset.name, asset.id) : placeName(alarm.device ?? '');
  const text = <AlarmText alarm={alarm} where={where} broken={brokenText(alarm)} />;
  const { device, metric } = alarm;
  if (device === null || metric === null) return <div class="alarm-body">{text}</div>;
  return (
    <a class="alarm-body" href={seriesAddress({ device, metric })}>
      {text}
    </a>
  );
}

function brokenText({ metric, value, limit, unit }: AlarmWire): string {
  const isNumber = metric !== null && plant.value?.metrics[metric]?.type !== 'boolean';
  if (!isNumber || value === null) return '';
  const shown = ` · ${quantityText(value, unit ?? '')}`;
  return limit === null ? shown : `${shown}, ${t('limit', { value: quantityText(limit, unit ?? '') })}`;
}

const ACTS: Readonly<Partial<Record<AlarmWire['state'], Act>>> = {
  unacknowledged: 'acknowledge',
  'returned-unacknowledged': 'acknowledge',
  latched: 'reset',
};

/** One tap, and a moment to take it back. */
function AlarmAct({ alarm: { id, state, title, rule } }: { alarm: AlarmWire }) {
  const act = ACTS[state];
  if (!act) return null;
  const isWaiting = waitingActs.value.has(id);
  const word = isWaiting ? t('undo') : failedActs.value.has(id) ? t('actFailed') : t(act);
  return (
    <button
      type="button"
      class="button alarm-act"
      aria-label={`${word}: ${nameOf(title, rule)}`}
      onClick={() => (isWaiting ? undoAct(id) : startAct(id, act))}
    >
      {word}
    </button>
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
          {STATE_WORDS[alarm.state] && ` · ${t(STATE_WORDS[alarm.state] ?? 'unknown')}`}
          {alarm.children.length > 0 && ` · ${tCount('children', alarm.children.length)}`}
        </span>
        {children}
      </span>
    </>
  );
}

/** Said of what is not simply new. */
const STATE_WORDS: Readonly<Partial<Record<AlarmWire['state'], TextKey>>> = {
  acknowledged: 'acknowledged',
  'returned-unacknowledged': 'overUnseen',
  latched: 'overLatched',
};

/** "All is well" is said only of what can be seen: with a link, and with no device silent. */
function NoAlarm({ hasMuted }: { hasMuted: boolean }) {
  const silent = useComputed(() => (isBackfilling.value ? 0 : countSilent())).value;
  if (!isSnapshotHere.value || !plant.value) return <p class="calm skeleton-text">{t('loading')}</p>;
  if (hasMuted || silent > 0 || link.value === 'blind' || isBackfilling.value) {
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
