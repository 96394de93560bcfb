/** Water that is drawn on purpose: one tap books it, and its alarms tell nobody. */
import { useSignal } from '@preact/signals';
import { EXCUSES } from '../../../model/work.ts';
import { nameOf, t } from '../i18n/language.ts';
import { sendAct } from '../live/acts.ts';
import { excuseAct, excuseKey } from '../live/alarm-acts.ts';
import { now } from '../live/clock.ts';
import { plant, siteOf } from '../live/plant-store.ts';
import { endOf } from '../view/end-of.ts';
import { EXCUSE_HOURS, type ExcuseKind, type ExcusePlace } from '../view/excuse.ts';
import { ActButton, ActFault } from './act-button.tsx';

export function ExcuseForm({ place }: { place: ExcusePlace }) {
  const hours = useSignal<number>(EXCUSE_HOURS[0]);
  const name = placeName(place);
  const book = (kind: ExcuseKind): void => {
    void sendAct(excuseAct(place, kind, endOf(now.peek(), hours.value)));
  };
  return (
    <fieldset class="excuse">
      <legend>
        {t('drawWater')} · {name}
      </legend>
      <HoursSwitch
        value={hours.value}
        onChange={(next) => {
          hours.value = next;
        }}
      />
      <p class="alarm-facts">{t('drawWaterNote')}</p>
      <div class="acts">
        {EXCUSES.map((kind) => (
          <ActButton
            key={kind}
            of={excuseKey(place, kind)}
            word={t(`kind_${kind}`)}
            about={name}
            onAct={() => book(kind)}
          />
        ))}
      </div>
      {EXCUSES.map((kind) => (
        <ActFault key={kind} of={excuseKey(place, kind)} />
      ))}
    </fieldset>
  );
}

function HoursSwitch({ value, onChange }: { value: number; onChange: (hours: number) => void }) {
  return (
    <fieldset class="switch" aria-label={t('howLong')}>
      {EXCUSE_HOURS.map((hours) => (
        <button key={hours} type="button" aria-pressed={hours === value} onClick={() => onChange(hours)}>
          {t('spanH', { n: hours })}
        </button>
      ))}
    </fieldset>
  );
}

function placeName(place: ExcusePlace): string {
  if ('site' in place) return nameOf(siteOf(place.site)?.name, place.site);
  const zone = plant.value?.zones.find(({ id }) => id === place.zone);
  return nameOf(zone?.name, place.zone);
}
