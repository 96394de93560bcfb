/** The simulator's words in the reader's language; they are loaded with its panel. */
import type { FaultDomain } from '../../../model/sim-fault-catalogue.ts';
import type { Language } from '../view/format.ts';
import { language, unitName } from './language.ts';
import type { SimCatalogue } from './sim-catalogue.ts';
import { simEn } from './sim-en.ts';
import { simKy } from './sim-ky.ts';
import { simRu } from './sim-ru.ts';

const CATALOGUES: Readonly<Record<Language, SimCatalogue>> = { ky: simKy, ru: simRu, en: simEn };

const words = (): SimCatalogue => CATALOGUES[language.value];

export const simText = (key: keyof SimCatalogue['text']): string => words().text[key];
export const domainName = (domain: FaultDomain): string => words().domain[domain];
/** A newer server may know kinds and sizes that this page does not. */
export const kindName = (kind: string): string => words().kind[kind as keyof SimCatalogue['kind']] ?? kind;
export const sizeName = (size: string): string => words().size[size as keyof SimCatalogue['size']] ?? size;
export const simUnit = (unit: string): string => words().unit[unit as keyof SimCatalogue['unit']] ?? unitName(unit);
