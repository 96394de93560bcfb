/** Under a zone: the water that is drawn there on purpose, and the way to write some down. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ZoneWire } from '../../wire.ts';
import { nameOf, t } from '../i18n/language.ts';
import { may } from '../live/session.ts';
import { worksOfZone } from '../live/works.ts';
import { ExcuseForm } from './excuse-form.tsx';
import { FoldSign } from './icons.tsx';
import { WorkLine } from './works-list.tsx';

export function ZoneExcuse({ zone }: { zone: ZoneWire }) {
  const isOpen = useSignal(false);
  const formId = useId();
  const running = worksOfZone(zone.id);
  if (running.length === 0 && !may('excuse')) return null;
  return (
    <div class="zone-excuse">
      {running.map((work) => (
        <WorkLine key={work.id} work={work} />
      ))}
      {may('excuse') && (
        <button
          type="button"
          class="fold"
          aria-label={`${t('drawWater')}: ${nameOf(zone.name, zone.id)}`}
          aria-expanded={isOpen.value}
          aria-controls={isOpen.value ? formId : undefined}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {t('drawWater')}
          <FoldSign isOpen={isOpen.value} />
        </button>
      )}
      {isOpen.value && (
        <div id={formId}>
          <ExcuseForm place={{ zone: zone.id }} />
        </div>
      )}
    </div>
  );
}
