/** What people have muted, with who, why and until when, and the way back. On every shift's page. */
import type { AlarmWire } from '../../wire.ts';
import { t } from '../i18n/language.ts';
import { sendAct } from '../live/acts.ts';
import { alarmAct } from '../live/alarm-acts.ts';
import { may } from '../live/session.ts';
import { ActButton, ActFault } from './act-button.tsx';
import { AlarmLine } from './alarm-line.tsx';
import { timeAt, titleOf } from './alarm-words.ts';

export function SetAsideList({ alarms }: { alarms: readonly AlarmWire[] }) {
  if (alarms.length === 0) return null;
  return (
    <section class="quiet" aria-labelledby="set-aside">
      <h2 id="set-aside" tabIndex={-1}>
        {t('setAside')}
      </h2>
      <ul>
        {alarms.map((alarm) => (
          <SetAsideItem key={alarm.id} alarm={alarm} />
        ))}
      </ul>
    </section>
  );
}

function SetAsideItem({ alarm }: { alarm: AlarmWire }) {
  // Out of service has no end of its own: it goes first.
  const { kind, needs } = alarm.outOfService
    ? ({ kind: 'in-service', needs: 'take-out-of-service' } as const)
    : ({ kind: 'unshelve', needs: 'shelve' } as const);
  const act = alarmAct(alarm.id, kind);
  return (
    <li class="alarm-quiet">
      <AlarmLine alarm={alarm}>
        {mutes(alarm).map((line) => (
          <span key={line} class="alarm-mute">
            {line}
          </span>
        ))}
      </AlarmLine>
      {may(needs) && <ActButton of={act.key} word={t('bringBack')} about={titleOf(alarm)} onAct={() => sendAct(act)} />}
      <ActFault of={act.key} />
    </li>
  );
}

/** `out of service · since 14:05 · bek · the sensor is at the workshop` */
function mutes({ outOfService, shelved, site }: AlarmWire): readonly string[] {
  const said = (...parts: readonly string[]): string => parts.join(' · ');
  const lines: string[] = [];
  if (outOfService) {
    const { by, reason, at } = outOfService;
    lines.push(said(t('outOfService'), t('since', { time: timeAt(at, site) }), by, reason));
  }
  if (shelved) {
    const { by, reason, until } = shelved;
    const end = until === 'one-shot' ? t('untilOver') : t('until', { time: timeAt(until, site) });
    lines.push(said(t('shelved'), end, by, reason));
  }
  return lines;
}
