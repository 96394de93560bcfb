/** Planned works and known flows: who does what, where and how long, what they explain, and the way to end them early. */
import type { Work } from '../../../model/work.ts';
import { nameOf, t } from '../i18n/language.ts';
import { sendAct } from '../live/acts.ts';
import { endWorkAct } from '../live/alarm-acts.ts';
import { now } from '../live/clock.ts';
import { assetOf, plant, siteOf } from '../live/plant-store.ts';
import { may } from '../live/session.ts';
import { works } from '../live/works.ts';
import { ActButton, ActFault } from './act-button.tsx';
import { ChildList } from './alarm-line.tsx';
import { timeAt } from './alarm-words.ts';

export function WorksList() {
  if (works.value.length === 0) return null;
  return (
    <section class="quiet" aria-labelledby="works">
      <h2 id="works" tabIndex={-1}>
        {t('works')}
      </h2>
      <ul>
        {works.value.map((work) => (
          <WorkItem key={work.id} work={work} />
        ))}
      </ul>
    </section>
  );
}

function WorkItem({ work }: { work: Work }) {
  return (
    <li class="work-item">
      <WorkLine work={work} />
      <ChildList of={work.id} count="explains" />
    </li>
  );
}

export function WorkLine({ work }: { work: Work }) {
  const act = endWorkAct(work.id);
  const about = `${t(`kind_${work.kind}`)}, ${placeOf(work)}`;
  return (
    <div class="work">
      <span class="alarm-text">
        <strong>{about}</strong>
        <span class="alarm-facts">{factsOf(work)}</span>
      </span>
      {may(work.kind === 'work' ? 'plan-works' : 'excuse') && (
        <ActButton of={act.key} word={t('end')} about={about} onAct={() => sendAct(act)} />
      )}
      <ActFault of={act.key} />
    </div>
  );
}

/** What begins at once may begin a moment after the page's own now. */
const SOON_MS = 60_000;

/** `until 15:20 · aida · cleaning the tank` */
function factsOf({ from, to, by, reason, kind, scope }: Work): string {
  const at = (ms: number): string => timeAt(ms, scope.site);
  const begin = from - now.peek() > SOON_MS ? [t('from', { time: at(from) })] : [];
  const why = reason === kind ? [] : [reason];
  return [...begin, t('until', { time: at(to) }), by, ...why].join(' · ');
}

function placeOf({ scope: { site, asset, circuit, zone } }: Work): string {
  const { zones = [], circuits = [] } = plant.value ?? {};
  const id = site ?? asset ?? circuit ?? zone ?? '';
  const found =
    (site && siteOf(site)) ||
    assetOf(asset) ||
    zones.find((each) => each.id === zone) ||
    circuits.find((each) => each.id === circuit);
  return nameOf(found?.name, id);
}
