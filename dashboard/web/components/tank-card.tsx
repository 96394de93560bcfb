/** A reservoir: flat outline, level, marks, volume, where it is going and how long that takes. */
import type { AssetWire } from '../../wire.ts';
import { meanLine } from '../charts/series-points.ts';
import { useTrend, useValueState } from '../hooks.ts';
import { language, nameOf, quantityText, t, unitName } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { liveOf } from '../live/feed.ts';
import { seriesAddress } from '../route.ts';
import { decimal, span } from '../view/format.ts';
import { direction, forecast, ratePerHour, volumeAt } from '../view/level-math.ts';
import { keyOf, type SeriesRef, type TankView } from '../view/plant-view.ts';
import { DirectionSign } from './icons.tsx';
import { dayRequest, Sparkline } from './sparkline.tsx';
import { AgeNote, Figure, ValueRow } from './value.tsx';

/** Long enough for a sensor's noise, short enough to notice that the pump has stopped. */
const RATE_WINDOW_MS = 45 * 60_000;

export function TankCard({ tank }: { tank: TankView }) {
  const name = nameOf(tank.asset.name, tank.asset.id);
  return (
    <article class="card">
      {tank.level ? (
        <a class="tank" href={seriesAddress(tank.level)}>
          <TankLevel asset={tank.asset} level={tank.level} name={name} />
        </a>
      ) : (
        <div class="tank">
          <TankPicture asset={tank.asset} levelM={null} isStale={false} />
          <div class="tank-text">
            <h3>{name}</h3>
            <span class="figure figure-unknown">{t('unknown')}</span>
          </div>
        </div>
      )}
      {tank.extra.map((ref) => (
        <ValueRow key={keyOf(ref)} of={ref} />
      ))}
    </article>
  );
}

function TankLevel({ asset, level, name }: { asset: AssetWire; level: SeriesRef; name: string }) {
  const value = liveOf(level).value?.value;
  const levelM = typeof value === 'number' ? value : null;
  const state = useValueState(level);
  const isCurrent = levelM !== null && (state === 'fresh' || state === 'late');
  const volume = levelM !== null && asset.levelVolume ? volumeAt(asset.levelVolume, levelM) : null;
  return (
    <>
      <TankPicture asset={asset} levelM={levelM} isStale={!isCurrent} />
      <div class="tank-text">
        <h3>{name}</h3>
        <p class="tank-figures">
          <Figure of={level} isBig />
          {volume !== null && <span class="volume">{quantityText(volume, 'm3')}</span>}
        </p>
        <AgeNote of={level} />
        {isCurrent && <Movement asset={asset} level={level} levelM={levelM} />}
      </div>
      <Sparkline of={level} />
    </>
  );
}

function Movement({ asset, level, levelM }: { asset: AssetWire; level: SeriesRef; levelM: number }) {
  const { points } = useTrend(dayRequest(level)).value;
  const rate = ratePerHour(meanLine(points), now.peek(), RATE_WINDOW_MS);
  if (rate === null) return null;
  const way = direction(rate);
  const next = forecast(levelM, rate, { ...asset, emptyM: asset.levelVolume?.[0]?.[0] ?? 0 });
  const speed = `${decimal(Math.abs(rate), 2, language.value)}\u00a0${t('perHour', { value: unitName('m') })}`;
  return (
    <p class="movement">
      <span>
        <DirectionSign way={way} />
        {t(way)}
        {way !== 'steady' && ` ${speed}`}
      </span>
      {next && <span class="left">{t(`left_${next.until}`, { time: timeSpan(next.hours) })}</span>}
    </p>
  );
}

function timeSpan(hours: number): string {
  const { key, n } = span(hours);
  return t(key, { n }).replaceAll(' ', '\u00a0');
}

const WIDTH = 64;
const HEIGHT = 84;
const WALL = 2;

/** To scale: the floor is the lowest level of the table, the top a little above the overflow. */
function TankPicture({ asset, levelM, isStale }: { asset: AssetWire; levelM: number | null; isStale: boolean }) {
  const floor = asset.levelVolume?.[0]?.[0] ?? 0;
  const top = Math.max(asset.overflowM ?? 0, asset.levelVolume?.at(-1)?.[0] ?? 1);
  const room = HEIGHT - 2 * WALL;
  const yOf = (m: number) =>
    HEIGHT - WALL - (Math.min(Math.max(m - floor, 0), top - floor) / (top - floor)) * room * 0.96;
  return (
    <svg
      class={isStale ? 'tank-picture is-stale' : 'tank-picture'}
      viewBox={`0 0 ${WIDTH + 34} ${HEIGHT}`}
      aria-hidden="true"
    >
      {levelM !== null && (
        <rect
          class="tank-water"
          x={WALL}
          y={yOf(levelM)}
          width={WIDTH - 2 * WALL}
          height={HEIGHT - WALL - yOf(levelM)}
        />
      )}
      <path class="tank-wall" d={`M1 0V${HEIGHT - 1}H${WIDTH - 1}V0`} />
      {asset.overflowM !== undefined && <Mark y={yOf(asset.overflowM)} m={asset.overflowM} kind="overflow" />}
      {asset.fireReserveM !== undefined && <Mark y={yOf(asset.fireReserveM)} m={asset.fireReserveM} kind="reserve" />}
    </svg>
  );
}

function Mark({ y, m, kind }: { y: number; m: number; kind: 'overflow' | 'reserve' }) {
  return (
    <g class={`tank-mark tank-mark-${kind}`}>
      <title>{t(kind === 'overflow' ? 'overflow' : 'fireReserve')}</title>
      <path d={`M${WALL} ${y}H${WIDTH + 5}`} />
      <text x={WIDTH + 8} y={Math.max(y + 4.5, 11)}>
        {decimal(m, 1, language.value)}
      </text>
    </g>
  );
}
