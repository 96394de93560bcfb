/** One open alarm: what, where, since when and how bad; a tap tells the rest. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { AlarmWire } from '../../wire.ts';
import { t, tCount } from '../i18n/language.ts';
import { actState, startAct, undoAct } from '../live/acts.ts';
import { alarmAct } from '../live/alarm-acts.ts';
import { childrenOf } from '../live/feed.ts';
import { may } from '../live/session.ts';
import { ActButton, ActFault } from './act-button.tsx';
import { AlarmDetails } from './alarm-details.tsx';
import { AlarmLine } from './alarm-line.tsx';
import { titleOf } from './alarm-words.ts';
import { FoldSign } from './icons.tsx';

interface AlarmItemProps {
  readonly alarm: AlarmWire;
  /** When it first appears: what is under a reading eye or a finger does not move by itself. */
  readonly isToldInFull: boolean;
}

export function AlarmItem({ alarm, isToldInFull }: AlarmItemProps) {
  const isOpen = useSignal(isToldInFull);
  const detailsId = useId();
  const childCount = childrenOf(alarm.id).length;
  const toggle = (): void => {
    isOpen.value = !isOpen.value;
  };
  return (
    <li class={`alarm alarm-${alarm.state}`}>
      <div class="alarm-row">
        <button
          type="button"
          class="alarm-body"
          aria-expanded={isOpen.value}
          aria-controls={isOpen.value ? detailsId : undefined}
          onClick={toggle}
        >
          <AlarmLine alarm={alarm}>{childCount > 0 && ` · ${tCount('children', childCount)}`}</AlarmLine>
          <FoldSign isOpen={isOpen.value} />
        </button>
        <SeenButton alarm={alarm} />
      </div>
      {isOpen.value && <AlarmDetails alarm={alarm} id={detailsId} />}
    </li>
  );
}

const ASKED: Readonly<Partial<Record<AlarmWire['state'], 'acknowledge' | 'reset'>>> = {
  unacknowledged: 'acknowledge',
  'returned-unacknowledged': 'acknowledge',
  latched: 'reset',
};

/** One tap, and a moment to take it back. */
function SeenButton({ alarm }: { alarm: AlarmWire }) {
  const kind = ASKED[alarm.state];
  if (!kind || !may(kind)) return null;
  const act = alarmAct(alarm.id, kind);
  const isWaiting = actState(act.key)?.kind === 'waiting';
  return (
    <>
      {isWaiting ? (
        <button
          type="button"
          class="button act"
          aria-label={`${t('undo')}: ${titleOf(alarm)}`}
          onClick={() => undoAct(act.key)}
        >
          {t('undo')}
        </button>
      ) : (
        <ActButton of={act.key} word={t(kind)} about={titleOf(alarm)} onAct={() => startAct(act)} />
      )}
      <ActFault of={act.key} />
    </>
  );
}
