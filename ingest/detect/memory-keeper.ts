/** What the detectors remember over a restart, kept beside the alarms. */
import { type DetectorMemory, NO_MEMORY } from './detectors.ts';

export interface MemoryShelf {
  memory(name: string): string | null;
  keepMemory(name: string, body: string, now: number): void;
}

const NAME = 'detectors';
/** A kill -9 may set a delay back by so much. */
const KEEP_EVERY_MS = 10_000;

/** What was kept; nothing where it is of another version or damaged: delays then begin anew. */
export function restoredMemory(shelf: Pick<MemoryShelf, 'memory'>): DetectorMemory {
  try {
    const kept: unknown = JSON.parse(shelf.memory(NAME) ?? 'null');
    return isMemory(kept) ? kept : NO_MEMORY;
  } catch {
    return NO_MEMORY;
  }
}

function isMemory(kept: unknown): kept is DetectorMemory {
  return typeof kept === 'object' && kept !== null && 'version' in kept && kept.version === NO_MEMORY.version;
}

export interface MemoryKeeper {
  /** To be called once a second. */
  keepNowAndThen(): void;
  keep(): void;
}

export interface KeeperDependencies {
  readonly shelf: MemoryShelf;
  readonly memory: () => DetectorMemory;
  readonly now: () => number;
  readonly uptimeMs: () => number;
}

export function createMemoryKeeper({ shelf, memory, now, uptimeMs }: KeeperDependencies): MemoryKeeper {
  let keptAtMs = uptimeMs();
  let kept = '';

  function keep(): void {
    const body = JSON.stringify(memory());
    keptAtMs = uptimeMs();
    if (body === kept) return;
    try {
      shelf.keepMemory(NAME, body, now());
      kept = body;
    } catch {
      // A full disk, which has an alarm of its own; it is tried again.
    }
  }

  return {
    keepNowAndThen() {
      if (uptimeMs() - keptAtMs >= KEEP_EVERY_MS) keep();
    },
    keep,
  };
}
