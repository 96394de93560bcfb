/** What a person needs to act on an alarm: why, what follows, what to do and how soon; what hangs on it; what else may be done. */
import { useEffect } from 'preact/hooks';
import type { AlarmWire, NameWire } from '../../wire.ts';
import type { TextKey } from '../i18n/catalogue.ts';
import { nameOf, t } from '../i18n/language.ts';
import { connections } from '../live/feed.ts';
import { plant } from '../live/plant-store.ts';
import { loadRuleTexts, ruleTextsFailed, ruleTextsOf } from '../live/rule-texts.ts';
import { may } from '../live/session.ts';
import { seriesAddress } from '../route.ts';
import { excusePlaceOf } from '../view/excuse.ts';
import { deadline } from '../view/format.ts';
import { ChildList } from './alarm-line.tsx';
import { DataFaultList } from './data-fault-list.tsx';
import { ExcuseForm } from './excuse-form.tsx';
import { SetAsideActs } from './set-aside-form.tsx';

export function AlarmDetails({ alarm, id }: { alarm: AlarmWire; id: string }) {
  const place = may('excuse') ? excusePlaceOf(alarm, plant.value?.zones ?? []) : null;
  const { device, metric, rule, values } = alarm;
  return (
    <div class="alarm-details" id={id}>
      <AlarmTexts alarm={alarm} />
      {rule === 'data-damaged' && <DataFaultList file={String(values.part)} />}
      <ChildList of={alarm.id} count="children" />
      {place && <ExcuseForm place={place} />}
      <SetAsideActs alarm={alarm}>
        {device !== null && metric !== null && (
          <a class="button" href={seriesAddress({ device, metric })}>
            {t('showTrend')}
          </a>
        )}
      </SetAsideActs>
    </div>
  );
}

function AlarmTexts({ alarm }: { alarm: AlarmWire }) {
  const connection = connections.value;
  useEffect(() => void loadRuleTexts(), [connection]);
  const texts = ruleTextsOf(alarm.rule);
  const within = texts && deadline(texts.respondWithinMin);
  return (
    <>
      <dl class="alarm-texts">
        <Said as="whatToDo" text={alarm.advice} />
        {within && (
          <div class="alarm-within">
            <dt>{t('respondWithin')}</dt>
            <dd>{t(within.key, { n: within.n })}</dd>
          </div>
        )}
        <Said as="cause" text={texts?.cause} isAside />
        <Said as="consequence" text={texts?.consequence} isAside />
      </dl>
      {!texts && ruleTextsFailed.value && (
        <p class="alarm-facts">
          {t('textsMissing')}{' '}
          <button type="button" class="button" onClick={loadRuleTexts}>
            {t('retry')}
          </button>
        </p>
      )}
    </>
  );
}

interface SaidProps {
  readonly as: TextKey;
  readonly text: NameWire | null | undefined;
  readonly isAside?: boolean;
}

function Said({ as, text, isAside = false }: SaidProps) {
  if (!text) return null;
  return (
    <div class={isAside ? 'alarm-aside' : ''}>
      <dt>{t(as)}</dt>
      <dd>{nameOf(text, '')}</dd>
    </div>
  );
}
