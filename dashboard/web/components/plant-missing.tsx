import { useSignal } from '@preact/signals';
import { t } from '../i18n/language.ts';
import { loadPlant, plantFailed } from '../live/plant-store.ts';

/** Before the plant is here: the layout in grey, or what went wrong and what to do. */
export function PlantMissing() {
  const isTrying = useSignal(false);
  if (!plantFailed.value) return <Skeleton />;
  const retry = () => {
    isTrying.value = true;
    void loadPlant().finally(() => {
      isTrying.value = false;
    });
  };
  return (
    <div class="message" role="alert">
      <p>{t('plantError')}</p>
      <p class="label">{t('retrying')}</p>
      <button type="button" class="button" disabled={isTrying.value} onClick={retry}>
        {t('retry')}
      </button>
    </div>
  );
}

function Skeleton() {
  return (
    <section class="overview" aria-busy="true" aria-label={t('loading')}>
      <div class="section alarms">
        <div class="skeleton" style={{ height: '44px' }} />
      </div>
      <div class="section water">
        <h2>{t('water')}</h2>
        <div class="tanks">
          <div class="skeleton" style={{ height: '132px' }} />
          <div class="skeleton" style={{ height: '132px' }} />
        </div>
        <div class="skeleton" style={{ height: '120px' }} />
        <div class="skeleton" style={{ height: '96px' }} />
      </div>
      <div class="section light">
        <h2>{t('light')}</h2>
        <div class="skeleton" style={{ height: '180px' }} />
        <div class="skeleton" style={{ height: '180px' }} />
      </div>
    </section>
  );
}
