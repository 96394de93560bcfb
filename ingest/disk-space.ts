/** How much room the disk of a folder has left. */
import { statfs } from 'node:fs/promises';

export interface DiskSpace {
  /** What we may write to. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

export interface DiskGauge {
  /** Null where it cannot be told. */
  isLow(wasLow: boolean): boolean | null;
  stop(): void;
}

const EVERY_MS = 60_000;
const LOW_SHARE = 0.05;
const LOW_BYTES = 500e6;
/** Once low, it takes a fifth more to be well again: files that come and go must not open alarm after alarm. */
const DEADBAND = 1.2;

export function startDiskGauge(folder: string): DiskGauge {
  let space: DiskSpace | null = null;
  const look = async (): Promise<void> => {
    space = await statfs(folder).then(
      ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, sizeBytes: blocks * bsize }),
      () => null,
    );
  };
  void look();
  const looking = setInterval(look, EVERY_MS);
  return {
    isLow: (wasLow) => space && isDiskLow(space, wasLow),
    stop: () => clearInterval(looking),
  };
}

export function isDiskLow({ freeBytes, sizeBytes }: DiskSpace, wasLow: boolean): boolean {
  const lowBytes = Math.min(sizeBytes * LOW_SHARE, LOW_BYTES);
  return freeBytes < (wasLow ? lowBytes * DEADBAND : lowBytes);
}
