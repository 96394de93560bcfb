/** What a filter costs in memory, about: its text, and a node of the index for each of its levels. */
const FILTER_BYTES = 400;
const LEVEL_BYTES = 400;
const SLASH = 47;

export function filterCost(filter: string): number {
  let levels = 1;
  for (let i = 0; i < filter.length; i++) if (filter.charCodeAt(i) === SLASH) levels++;
  return 2 * filter.length + levels * LEVEL_BYTES + FILTER_BYTES;
}
