import { Temporal } from 'temporal-polyfill';

/** Times as they stand in files, to epoch ms; null where they name no single instant. */
export function parseTime(text: string, zone: string): number | null {
  const trimmed = text.trim();
  if (/^\d{12,14}$/.test(trimmed)) return Number(trimmed);
  if (/^\d{9,10}$/.test(trimmed)) return Number(trimmed) * 1000;
  const iso = trimmed.replace(' ', 'T');
  try {
    if (/(?:Z|[+-]\d{2}:?\d{2})$/.test(iso)) return Temporal.Instant.from(iso).epochMilliseconds;
    // An hour that the clock change skips or repeats is no single instant: say so rather than guess.
    return Temporal.PlainDateTime.from(iso).toZonedDateTime(zone, { disambiguation: 'reject' }).epochMilliseconds;
  } catch {
    return null;
  }
}
