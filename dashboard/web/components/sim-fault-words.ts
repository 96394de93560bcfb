/** How the panel writes a fault's place and size. */
import type { FaultKind, FaultSize } from '../../../model/sim-fault-catalogue.ts';
import type { SimDetailWire } from '../../wire.ts';
import { language, nameOf } from '../i18n/language.ts';
import { simUnit, sizeName } from '../i18n/sim-words.ts';
import { unitOf } from '../live/plant-store.ts';
import { decimal } from '../view/format.ts';
import { placeName } from '../view/place-name.ts';
import { type TargetOption, targetsOf } from '../view/sim-form.ts';

/** `Upper tank · tank-1`; the id stands too, since scenarios and the network file know no other name. */
export function targetName({ id, name, as }: TargetOption): string {
  const shown = as === 'device' ? placeName(id) : nameOf(name, id);
  return shown === id ? id : `${shown} · ${id}`;
}

export function targetLabel(detail: SimDetailWire, kind: FaultKind, id: string): string {
  const found = targetsOf(detail, kind).find((target) => target.id === id);
  return found ? targetName(found) : id;
}

/** `m³/h`; of a size in its metric's unit, that. */
export function unitWord(size: FaultSize, metric: string | null): string {
  const unit = size.isOfMetric && metric ? unitOf(metric) : size.unit;
  return unit === '' ? '' : simUnit(unit);
}

/** `12 m³/h`, `falls by 5 m` */
export function sizeWords(size: FaultSize, value: number, metric: string | null): string {
  const unit = unitWord(size, metric);
  const digits = String(value).split('.')[1]?.length ?? 0;
  const amount = `${decimal(value, digits, language.value)}${unit && `\u00a0${unit}`}`;
  return size.oneOf === undefined ? `${sizeName(size.name)} ${amount}` : amount;
}
