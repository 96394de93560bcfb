const HOUR_MS = 3_600_000;

/** Hour of the day, 0 to 24 with fraction, on the village's clocks. */
export type LocalHour = (atMs: number) => number;

export function createLocalHour(timeZone: string): LocalHour {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  let knownHour = Number.NaN;
  let offsetMs = 0;
  return (atMs) => {
    // Formatting is slow and an offset changes on the hour at most.
    const hour = Math.floor(atMs / HOUR_MS);
    if (hour !== knownHour) {
      offsetMs = offsetAt(format, atMs);
      knownHour = hour;
    }
    return ((((atMs + offsetMs) / HOUR_MS) % 24) + 24) % 24;
  };
}

function offsetAt(format: Intl.DateTimeFormat, atMs: number): number {
  const name = format.formatToParts(atMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /([+-])(\d+):(\d+)/.exec(name) ?? [];
  const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  return sign === '-' ? -ms : ms;
}
