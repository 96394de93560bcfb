/** `notify.db` that may prove to be damaged while it is in use: it is set aside, and a new one begun. Who is told of alarms must not depend on it. */
import { isDamage } from '../../store/database-look.ts';
import { type LedgerFile, openLedgerFile } from './ledger-file.ts';

/** `setAside` is told why. What is in memory goes on as before; what only the file knew may be told once more. */
export function openLastingLedgerFile(path: string, setAside: (reason: string) => void): LedgerFile {
  let file = openLedgerFile(path);

  function ask<T>(question: (file: LedgerFile) => T): T {
    try {
      return question(file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // First: its last connection would take the log of the new file for its own.
      file.abandon();
      setAside((error as Error).message);
      file = openLedgerFile(path);
      return question(file);
    }
  }

  return {
    save: (writes) => ask(({ save }) => save(writes)),
    messagesSince: (ms) => ask(({ messagesSince }) => messagesSince(ms)),
    message: (id) => ask(({ message }) => message(id)),
    pagesOf: (episode) => ask(({ pagesOf }) => pagesOf(episode)),
    pagesIn: (message) => ask(({ pagesIn }) => pagesIn(message)),
    forgetBefore: (ms) => ask(({ forgetBefore }) => forgetBefore(ms)),
    runs: () => ask(({ runs }) => runs()),
    saveRun: (run) => ask(({ saveRun }) => saveRun(run)),
    close: () => file.close(),
  };
}
