/** What is due to a person as messages: each page by itself, or, where that would be a flood, together. Pure. */
import type { DuePage } from './policy.ts';

/** What a person was sent of alarms before. */
export interface Recent {
  readonly at: number;
  readonly kind: 'page' | 'digest';
}

export interface DueMessage {
  readonly kind: Recent['kind'];
  /** All for one person. */
  readonly pages: Pages;
}

type Pages = readonly [DuePage, ...DuePage[]];

/** ISA-18.2 speaks of a flood from ten alarms in ten minutes on; one person's phone is full much sooner. */
const FLOOD_WINDOW_MS = 10 * 60_000;
const APART_AT_MOST = 3;
const DIGEST_MS = 15 * 60_000;
/** The first word of a flood says it by site; more sites than this come in one message. */
const SITES_APART = 2;

export function gather(pages: readonly DuePage[], recent: readonly Recent[], now: number): readonly DueMessage[] {
  const since = (ms: number) => recent.filter(({ at }) => Math.abs(now - at) < ms);
  const room = APART_AT_MOST - since(FLOOD_WINDOW_MS).length;
  // What is new goes before repeats.
  const news = families(pages.filter(({ step }) => step === 0));
  const others = families(pages.filter(({ step }) => step !== 0));
  const areNewsApart = news.length <= room;
  const left = areNewsApart ? room - news.length : 0;
  const areOthersApart = others.length <= left;
  const apart = [...(areNewsApart ? news : []), ...(areOthersApart ? others : [])];
  const together = [...(areNewsApart ? [] : news), ...(areOthersApart ? [] : others)].flat();
  const single = apart.map((family): DueMessage => ({ kind: 'page', pages: family }));
  if (together.length === 0 || since(DIGEST_MS).some(({ kind }) => kind === 'digest')) return single;
  const isFirst = !recent.some(({ kind }) => kind === 'digest');
  return [...single, ...(isFirst ? bySite(together) : [toDigest(together)])];
}

/** Each by itself, but what one parent or work explained until now as one. */
function families(pages: readonly DuePage[]): readonly Pages[] {
  const byParent = Map.groupBy(pages, (page) => page.told.releasedFrom ?? page);
  return [...byParent.values()] as unknown as readonly Pages[];
}

function bySite(pages: readonly DuePage[]): readonly DueMessage[] {
  const sites = Map.groupBy(pages, ({ told }) => told.alarm.site);
  return sites.size > SITES_APART ? [toDigest(pages)] : [...sites.values()].map(toDigest);
}

function toDigest(pages: readonly DuePage[]): DueMessage {
  return { kind: 'digest', pages: pages as unknown as Pages };
}
