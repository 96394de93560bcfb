import type { FaultDomain } from '../../../model/sim-fault-catalogue.ts';
import type { simEn } from './sim-en.ts';

/** What every language must have. */
export interface SimCatalogue {
  readonly text: Readonly<Record<keyof typeof simEn.text, string>>;
  readonly domain: Readonly<Record<FaultDomain, string>>;
  readonly kind: Readonly<Record<keyof typeof simEn.kind, string>>;
  readonly size: Readonly<Record<keyof typeof simEn.size, string>>;
  readonly unit: Readonly<Record<keyof typeof simEn.unit, string>>;
}
