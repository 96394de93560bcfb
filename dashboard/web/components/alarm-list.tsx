/** Wrong first: what is open, the most urgent on top; then what nobody is told of, and why. */
import { useComputed } from '@preact/signals';
import type { Priority } from '../../../model/rule.ts';
import type { AlarmWire } from '../../wire.ts';
import { stateOf } from '../hooks.ts';
import { t, tCount } from '../i18n/language.ts';
import { alarms, isBackfilling, isSnapshotHere, lastReturnAt, link } from '../live/feed.ts';
import { plant } from '../live/plant-store.ts';
import { askToSignIn, session } from '../live/session.ts';
import { isExplained, isSetAside } from '../view/standing.ts';
import { AlarmItem } from './alarm-item.tsx';
import { timeAt } from './alarm-words.ts';
import { SetAsideList } from './set-aside-list.tsx';
import { WorksList } from './works-list.tsx';

const URGENCY: Readonly<Record<Priority, number>> = { critical: 1, high: 2, medium: 3, low: 4 };

/** So many say unasked what to do; a flood must not push itself off the screen. */
const TOLD_IN_FULL = 3;

export function AlarmList() {
  const told = alarms.value.filter((alarm) => !isSetAside(alarm) && !isExplained(alarm)).toSorted(byUrgency);
  const setAside = alarms.value.filter(isSetAside);
  const explainedCount = alarms.value.length - told.length - setAside.length;
  return (
    <section class="alarms" aria-label={t('alarms')}>
      <div aria-live="polite">
        {told.length === 0 ? (
          <NoAlarm hasMuted={setAside.length + explainedCount > 0} />
        ) : (
          <ul>
            {told.map((alarm, i) => (
              <AlarmItem key={alarm.id} alarm={alarm} isToldInFull={i < TOLD_IN_FULL && isPressing(alarm)} />
            ))}
          </ul>
        )}
      </div>
      {told.length > 0 && <SignInOffer />}
      {explainedCount > 0 && <p class="alarms-muted">{tCount('muted', explainedCount)}</p>}
      <SetAsideList alarms={setAside.toSorted(byUrgency)} />
      <WorksList />
    </section>
  );
}

/** Also what is wrong with the server, behind which there is nothing to look at. */
function isPressing({ priority, device, state }: AlarmWire): boolean {
  return state === 'unacknowledged' && (priority === 'critical' || priority === 'high' || device === null);
}

/** What is wrong with the server stands above the rest: it puts the rest in doubt. What is damaged of the past does not. */
function byUrgency(a: AlarmWire, b: AlarmWire): number {
  const isServer = ({ device, site, rule }: AlarmWire) =>
    Number(device === null && site === null && rule !== 'data-damaged');
  return isServer(b) - isServer(a) || URGENCY[a.priority] - URGENCY[b.priority] || b.raisedAt - a.raisedAt;
}

/** Who is not signed in is offered no acts; the form stands below everything. */
function SignInOffer() {
  if (session.value?.via !== null || session.value.closed) return null;
  return (
    <button type="button" class="button" onClick={askToSignIn}>
      {t('signInToAct')}
    </button>
  );
}

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
  return (
    <p class="calm">
      {t('allWell')}
      {since !== null && ` · ${t('since', { time: timeAt(since, null) })}`}
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
