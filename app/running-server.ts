/** Calls to the server that runs on a data folder, as whoever may read that folder. */
import { loopbackUrl } from './broker-access.ts';
import { readRunFile, readRunToken } from './run-files.ts';
import { StartError } from './start-error.ts';

const ANSWER_MS = 15_000;
const NOT_SIGNED_IN = 401;

/** Rejects with StartError where it does not answer, or refuses. */
export type Call = <T>(method: string, path: string, body?: object) => Promise<T>;

/** Its run file says where it listens. Throws StartError where none runs. */
export function callRunningServer(dataDir: string): Call {
  const base = addressOf(dataDir);
  const token = readRunToken(dataDir);
  return async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(base + path, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: Error) => {
      throw new StartError(`the server at ${base} does not answer (${error.cause ?? error.message})`);
    });
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (response.ok) return answer;
    const refused = answer.error?.message ?? `${base}${path}: ${response.status}`;
    const isForeign = response.status === NOT_SIGNED_IN && token === null;
    throw new StartError(isForeign ? `${refused}; from here: as the account that the server runs as` : refused);
  };
}

function addressOf(dataDir: string): string {
  const run = readRunFile(dataDir);
  if (!run) {
    throw new StartError(`no server runs on ${dataDir}; start it, or name its folder with --data-dir or --config`);
  }
  return loopbackUrl('http', run.host, run.httpPort);
}
