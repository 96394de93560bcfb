/**
 * Which ingest takes which site: claims that all of them hear, as a lease that has to be renewed (docs/adr/0013).
 * Pure but for the uptime it is given: clocks of two machines need not agree.
 */

export interface ClaimOptions {
  /** Sites that this ingest is to take. */
  readonly own: readonly string[];
  /** As it signs its claims. */
  readonly owner: string;
  /** A claim not renewed for so long is free. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** From the connection until what others claim must have been heard. */
  readonly settleMs: number;
}

export interface Claims {
  /** A connection stands, or has ended. */
  begin(): void;
  end(): void;
  /** A claim; `owner` is null for one given up. `isRetained`: it may be old. */
  heard(site: string, owner: string | null, isRetained: boolean): void;
  /** Takes what is free, and gives the sites to claim now, anew or again. */
  review(): readonly string[];
  isHeld(site: string): boolean;
  /** The other ingest that keeps us from an own site. */
  takenBy(site: string): string | null;
  /** Sites of others whose ingest has fallen silent. */
  gone(): readonly string[];
}

interface Foreign {
  readonly owner: string;
  readonly heardAtMs: number;
}

export function createClaims(options: ClaimOptions, uptimeMs: () => number): Claims {
  const { owner: self, leaseMs, renewMs, settleMs } = options;
  const own: ReadonlySet<string> = new Set(options.own);
  const foreign = new Map<string, Foreign>();
  /** When an own site that is held was claimed last. */
  const claimedAt = new Map<string, number>();
  let beganAtMs: number | null = null;
  let endedAtMs = Number.NEGATIVE_INFINITY;

  /** While away one hears nothing: whoever claims has a whole lease after our return to say so. */
  function isFresh({ heardAtMs }: Foreign, atMs: number): boolean {
    return beganAtMs === null || atMs - Math.max(heardAtMs, beganAtMs) <= leaseMs;
  }

  function holder(site: string, atMs: number): string | null {
    const other = foreign.get(site);
    return other && isFresh(other, atMs) ? other.owner : null;
  }

  function hearOther(site: string, owner: string): void {
    foreign.set(site, { owner, heardAtMs: uptimeMs() });
    if (!claimedAt.has(site)) return;
    // Two that began in one instant: all see the same two names, and the smaller one stays.
    if (owner < self) claimedAt.delete(site);
    else claimedAt.set(site, Number.NEGATIVE_INFINITY);
  }

  /** The claim of before a restart still stands. */
  function hearSelf(site: string, isRetained: boolean): void {
    if (isRetained && own.has(site) && !claimedAt.has(site)) claimedAt.set(site, Number.NEGATIVE_INFINITY);
  }

  function isDue(site: string, atMs: number): boolean {
    const lastMs = claimedAt.get(site);
    if (lastMs !== undefined) return atMs - lastMs >= renewMs;
    const isSettled = beganAtMs !== null && atMs - beganAtMs >= settleMs;
    return isSettled && holder(site, atMs) === null;
  }

  return {
    begin() {
      beganAtMs = uptimeMs();
      // Somebody else may have taken them meanwhile.
      if (beganAtMs - endedAtMs > leaseMs) claimedAt.clear();
      for (const site of claimedAt.keys()) claimedAt.set(site, Number.NEGATIVE_INFINITY);
    },
    end() {
      beganAtMs = null;
      endedAtMs = uptimeMs();
    },
    heard(site, owner, isRetained) {
      if (owner === null) foreign.delete(site);
      else if (owner === self) hearSelf(site, isRetained);
      else hearOther(site, owner);
    },
    review() {
      if (beganAtMs === null) return [];
      const atMs = uptimeMs();
      const due = [...own].filter((site) => isDue(site, atMs));
      for (const site of due) {
        if (holder(site, atMs) === null) foreign.delete(site);
        claimedAt.set(site, atMs);
      }
      return due;
    },
    isHeld: (site) => claimedAt.has(site),
    takenBy: (site) => (claimedAt.has(site) ? null : holder(site, uptimeMs())),
    gone() {
      const atMs = uptimeMs();
      return [...foreign].filter(([site, other]) => !own.has(site) && !isFresh(other, atMs)).map(([site]) => site);
    },
  };
}
