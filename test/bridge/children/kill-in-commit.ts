/**
 * Loaded before a program and its threads: ends the process inside a transaction of its database, as a power cut would.
 * `KILL_IN=insert:100`: in the 100th insertion, before its commit. `before-commit:2` and `after-commit:2`: of the second
 * commit of what was removed, at its beginning or before anybody hears of it.
 */
import { DatabaseSync } from 'node:sqlite';

const [where, count] = (process.env.KILL_IN ?? '').split(':');
let left = Number(count);

function killIn(place: string): void {
  if (place === where && --left === 0) process.kill(process.pid, 'SIGKILL');
}

const { prepare, exec } = DatabaseSync.prototype;

DatabaseSync.prototype.prepare = function (sql) {
  if (where === 'insert' && sql.startsWith('INSERT INTO entry')) {
    this.function('kill_now', () => {
      killIn('insert');
      return null;
    });
    exec.call(this, 'CREATE TEMP TRIGGER kill AFTER INSERT ON entry BEGIN SELECT kill_now(); END');
  }
  return prepare.call(this, sql);
};

DatabaseSync.prototype.exec = function (sql) {
  if (sql !== 'COMMIT') return exec.call(this, sql);
  killIn('before-commit');
  exec.call(this, sql);
  killIn('after-commit');
};
