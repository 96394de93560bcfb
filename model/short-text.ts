/** What a stranger wrote, as far as it may stand in a log: so much of it, and nothing that acts on a terminal. */

const MAX_SHORT_CHARS = 100;
/** Control characters, and those that turn the direction of reading. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function shortText(text: string, maxChars = MAX_SHORT_CHARS): string {
  const isLong = text.length > maxChars;
  const kept = (isLong ? text.slice(0, maxChars) : text).replace(INVISIBLE, '\u00b7').toWellFormed();
  return isLong ? `${kept}\u2026 (${text.length} characters)` : kept;
}
