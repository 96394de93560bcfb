/** Which errors of SQLite say that a file is damaged: one list for all that keep files of it. */

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** SQLITE_IOERR_READ, _SHORT_READ, _DATA and _CORRUPTFS; the others are of writing, as on a full disk. */
const UNREADABLE = [266, 522, 8202, 8458];

/** Whether SQLite says that what is there cannot be read: to try again would not help. */
export function isUnreadable(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return [CORRUPT, NOT_A_DATABASE].includes(errcode & 0xff) || UNREADABLE.includes(errcode);
}
