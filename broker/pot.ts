/**
 * Memory that many draw from: each has a small share that nobody can take from it, beyond it the first come are served, and
 * none gets more than so much. So a stranger who takes all there is takes nothing from a device that needs little.
 */
export interface Pot {
  hasRoom(heldBytes: number, moreBytes: number): boolean;
  /** False where who holds so much cannot have so much more. */
  take(heldBytes: number, moreBytes: number): boolean;
  /** Who holds so much gives so much of it back. */
  give(heldBytes: number, lessBytes: number): void;
}

export interface PotLimits {
  readonly ownBytes: number;
  readonly eachBytes: number;
  /** Beyond what is everybody's own. */
  readonly totalBytes: number;
}

export function createPot({ ownBytes, eachBytes, totalBytes }: PotLimits): Pot {
  let drawnBytes = 0;
  const drawn = (heldBytes: number): number => Math.max(0, heldBytes - ownBytes);

  function hasRoom(heldBytes: number, moreBytes: number): boolean {
    const after = heldBytes + moreBytes;
    const more = drawn(after) - drawn(heldBytes);
    return after <= eachBytes && (more === 0 || drawnBytes + more <= totalBytes);
  }

  return {
    hasRoom,
    take(heldBytes, moreBytes) {
      if (!hasRoom(heldBytes, moreBytes)) return false;
      drawnBytes += drawn(heldBytes + moreBytes) - drawn(heldBytes);
      return true;
    },
    give(heldBytes, lessBytes) {
      drawnBytes -= drawn(heldBytes) - drawn(heldBytes - lessBytes);
    },
  };
}
