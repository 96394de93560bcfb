/** The level in m that the load generator sends for a ts: whoever checks the store knows it too. */
export function loadValue(ts: number): number {
  return (ts % 3_989) / 1_000;
}
