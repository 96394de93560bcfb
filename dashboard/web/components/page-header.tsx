import { signal, useComputed } from '@preact/signals';
import type { ComponentType } from 'preact';
import { chooseLanguage, language, nameOf, t, tCount } from '../i18n/language.ts';
import { toServerTime } from '../live/clock.ts';
import { isBackfilling, lastFrame, link, sim } from '../live/feed.ts';
import type { LinkState } from '../live/link-state.ts';
import { plant, siteOf } from '../live/plant-store.ts';
import { theme, toggleTheme } from '../theme.ts';
import { clockTime, LANGUAGES, type Language } from '../view/format.ts';
import { LinkSign, ThemeSign } from './icons.tsx';

const LINK_WORDS = { live: 'linkLive', weak: 'linkWeak', blind: 'linkBlind', connecting: 'linkConnecting' } as const;
const DAY_MS = 86_400_000;

export function PageHeader() {
  return (
    <header class="page-header">
      <h1>{title()}</h1>
      <LinkStatus state={link.value} />
      <select
        aria-label={t('language')}
        value={language.value}
        onChange={(event) => chooseLanguage(event.currentTarget.value as Language)}
      >
        {LANGUAGES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="icon-button"
        onClick={toggleTheme}
        aria-label={t(theme.value === 'dark' ? 'themeLight' : 'themeDark')}
      >
        <ThemeSign isDark={theme.value === 'dark'} />
      </button>
    </header>
  );
}

export function title(): string {
  const sites = plant.value?.sites ?? [];
  return sites.map((site) => nameOf(site.name, site.id)).join(' · ') || 'Aimak Watch';
}

function LinkStatus({ state }: { state: LinkState }) {
  return (
    <span class={`link link-${state}`} role="status">
      <LinkSign state={state} />
      {t(LINK_WORDS[state])}
    </span>
  );
}

export function BlindBanner() {
  if (link.value !== 'blind') return null;
  const at = lastFrame.value;
  if (at === null) return <p class="banner banner-blind">{t('blindNever')}</p>;
  const time = clockTime(toServerTime(at), siteOf(undefined)?.timeZone ?? 'UTC');
  return <p class="banner banner-blind">{t('blindSince', { time })}</p>;
}

/** Nobody may take the demo village for a real one. */
export function SimBanner() {
  const isSimulated = plant.value?.sites.some((site) => site.simulated) ?? false;
  if (!isSimulated && !sim.value) return null;
  return (
    <>
      <div class="banner banner-sim">
        <span>{t('simulated')}</span>
        {isBackfilling.value && <Filling />}
        {sim.value && <SimToggle />}
      </div>
      {isSimOpen.value && SimPanel.value && <SimPanel.value />}
    </>
  );
}

const isSimOpen = signal(false);
const SimPanel = signal<ComponentType | null>(null);

/** Folded away, and not even loaded, until somebody wants it. */
function SimToggle() {
  const toggle = (): void => {
    isSimOpen.value = !isSimOpen.value;
    if (SimPanel.value) return;
    import('./sim-panel.tsx').then(
      (panel) => {
        SimPanel.value = panel.SimPanel;
      },
      // The link is gone, or the server is a newer one: the next click tries again.
      () => {
        isSimOpen.value = false;
      },
    );
  };
  return (
    <button type="button" class="sim-toggle" aria-expanded={isSimOpen.value} onClick={toggle}>
      {t('simulator')}
    </button>
  );
}

function Filling() {
  const part = useComputed(() => {
    const { fromMs, toMs, doneMs } = sim.value ?? { fromMs: 0, toMs: 1, doneMs: 0 };
    return Math.min(1, Math.max(0, (doneMs - fromMs) / (toMs - fromMs || 1)));
  }).value;
  const days = Math.round(((sim.value?.toMs ?? 0) - (sim.value?.fromMs ?? 0)) / DAY_MS);
  const percent = Math.floor(part * 100);
  return (
    <span class="filling">
      <span>
        {t('filling')} {tCount('days', days, { done: Math.floor(part * days) })}
      </span>
      <progress max={100} value={percent} aria-label={t('filling')} />
      <span class="filling-percent">{percent} %</span>
    </span>
  );
}
