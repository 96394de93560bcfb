import type { Log } from '../model/log.ts';

/** SIGTERM promises an end within 5 s. */
const STOP_DEADLINE_MS = 4_500;

export function stopOnSignal(stopAll: () => Promise<void>, log: Log): void {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'stopping');
    // Never cleared: it ends the process also where something forgotten would keep it alive. `process.exit` would wait for each
    // thread, and so for good for one in a sync that does not return.
    setTimeout(() => {
      // What keeps it alive, for whoever looks for the mistake.
      const kept = [...new Set(process.getActiveResourcesInfo())];
      log.error(
        { kept },
        'could not stop in time, as where the disk does not answer; what was acknowledged is on disk',
      );
      process.kill(process.pid, 'SIGKILL');
    }, STOP_DEADLINE_MS).unref();
    await stopAll();
    log.info({}, 'stopped');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
