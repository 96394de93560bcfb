/** So much at once, and so much a second from then on. */

export interface Budget {
  readonly atOnce: number;
  readonly perS: number;
}

/** Whether what is to be spent is there still; it is taken in any case down to nothing. */
export function createBudget({ atOnce, perS }: Budget, uptimeMs: () => number): (amount: number) => boolean {
  let left = atOnce;
  let atMs = uptimeMs();
  return (amount) => {
    const nowMs = uptimeMs();
    left = Math.min(atOnce, left + ((nowMs - atMs) * perS) / 1000);
    atMs = nowMs;
    const isThere = amount <= left;
    left = Math.max(0, left - amount);
    return isThere;
  };
}
