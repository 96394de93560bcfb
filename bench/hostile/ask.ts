/** A question on a connection of its own, which is gone with the answer. */
import { request } from 'node:http';
import type { Target } from './attack.ts';

export interface Question {
  readonly path: string;
  /** Posted, as JSON. */
  readonly body?: object;
}

export interface Answer {
  /** Null: there was none. */
  readonly status: number | null;
  readonly text: string;
}

export function ask({ host, httpPort }: Target, { path, body }: Question, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const none = (): void => resolve({ status: null, text: '' });
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = { host, port: httpPort, path, method: body === undefined ? 'GET' : 'POST', headers, signal };
    const asking = request({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? null, text })).on('error', none);
    });
    asking.on('error', none).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Counts answers by status. */
export function createTally() {
  const counts = new Map<number | null, number>();
  return {
    add: ({ status }: Answer) => void counts.set(status, (counts.get(status) ?? 0) + 1),
    toString: () => [...counts].map(([status, count]) => `${count} x ${status ?? 'no answer'}`).join(', '),
  };
}
