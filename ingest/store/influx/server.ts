/** The HTTP side of an InfluxDB server: writes and InfluxQL on the paths that 1.x, 2 and 3 share (ADR 0012). */
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { isLoopback, toWriteAnswer, troubleOf, unreadable, type WriteAnswer } from './answer.ts';
import type { InfluxOptions } from './options.ts';

/** One series of an InfluxQL answer. */
export interface ResultSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | null)[])[];
}

export interface InfluxServer {
  /** What the server says to these lines. Never rejects. */
  write(lines: string): Promise<WriteAnswer>;
  /** The series of each statement. */
  query(statements: readonly string[]): Promise<ResultSeries[][]>;
  /** Makes the database where that is possible and allowed: v1 only. */
  prepare(): Promise<void>;
  /** Ends what is under way, and refuses what comes. */
  stop(): void;
}

/** A call that InfluxDB did not answer as it should. The name is the one by which the dashboard says 503. */
class InfluxError extends Error {
  override readonly name = 'StoreError';
  readonly code = 'influx';
}

const TIMEOUT_MS = 10_000;
/** Smaller bodies, and all that stay on this machine, are not worth the time. */
const GZIP_FROM_BYTES = 1_000;

interface Answer {
  readonly status: number;
  readonly content: unknown;
}

interface QueryContent {
  readonly error?: string;
  readonly results?: readonly { readonly series?: ResultSeries[]; readonly error?: string }[];
}

export function connectInflux(options: InfluxOptions): InfluxServer {
  const { url, api, bucket, org = '', timeoutMs = TIMEOUT_MS } = options;
  // Its retry buffer would keep lines in memory and drop the oldest: only its transport is used.
  const { transport } = new InfluxDB({ url, ...credentials(options) });
  const gzipThreshold = isLoopback(url) ? Number.MAX_SAFE_INTEGER : GZIP_FROM_BYTES;
  const stopping = new AbortController();
  const writePath =
    api === 'v1'
      ? `/write?${new URLSearchParams({ db: bucket, precision: 'ms' })}`
      : `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ms' })}`;

  async function request(method: 'GET' | 'POST', path: string, body = ''): Promise<Answer> {
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    // Not AbortSignal.timeout: it would hold each body until its time is over, 1 GB of them while the outbox is drained.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, timeoutMs);
    let status = 0;
    try {
      stopping.signal.throwIfAborted();
      stopping.signal.addEventListener('abort', end);
      const { signal } = ending;
      const takeStatus = (_: unknown, code = 0): void => {
        status = code;
      };
      const content: unknown = await transport.request(
        path,
        body,
        { method, headers, gzipThreshold, signal },
        takeStatus,
      );
      return { status, content };
    } catch (error) {
      if (isLate) throw new InfluxError(`${url} did not answer within ${timeoutMs / 1_000} s`);
      throw error;
    } finally {
      clearTimeout(timer);
      stopping.signal.removeEventListener('abort', end);
    }
  }

  async function query(method: 'GET' | 'POST', statements: readonly string[]): Promise<ResultSeries[][]> {
    const search = new URLSearchParams({ db: bucket, epoch: 'ms', q: statements.join('; ') });
    const { content } = await request(method, `/query?${search}`).catch((error: Error) => {
      const isMissing = error instanceof HttpError && error.statusCode === 404;
      throw new InfluxError(isMissing ? unreadable(error.body ?? '', options) : troubleOf(error, options));
    });
    const { results, error } = isObject(content) ? (content as QueryContent) : {};
    const fault = error ?? results?.find((result) => result.error)?.error;
    if (fault !== undefined) throw new InfluxError(unreadable(fault, options));
    if (results?.length !== statements.length) throw new InfluxError(`${url} did not answer as InfluxDB does`);
    return results.map(({ series = [] }) => series);
  }

  return {
    async write(lines) {
      try {
        const { status, content } = await request('POST', writePath, lines);
        return toWriteAnswer(status, textOf(content));
      } catch (error) {
        if (!(error instanceof HttpError)) {
          return { kind: 'failed', reason: troubleOf(error as Error, options), retryAfterMs: null };
        }
        const answer = toWriteAnswer(error.statusCode, error.body ?? '');
        if (answer.kind !== 'failed') return answer;
        return { ...answer, reason: troubleOf(error, options), retryAfterMs: retryAfterMs(error) };
      }
    },
    query: (statements) => query('GET', statements),
    async prepare() {
      if (api !== 'v1') return;
      // A user who may not do this may still write, and a server that is away is noticed by the write.
      await query('POST', [`CREATE DATABASE ${quoteName(bucket)}`]).catch(() => undefined);
    },
    stop: () => stopping.abort(),
  };
}

function credentials({ token, user, password = '' }: InfluxOptions) {
  if (token !== undefined) return { token };
  if (user === undefined) return {};
  return { headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } };
}

/** Seconds, or a date. */
function retryAfterMs({ headers }: HttpError): number | null {
  const text = String(headers?.['retry-after'] ?? '');
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const until = Date.parse(text);
  return Number.isNaN(until) ? null : Math.max(0, until - Date.now());
}

function textOf(content: unknown): string {
  if (content === undefined) return '';
  return Buffer.isBuffer(content) || typeof content === 'string' ? String(content) : JSON.stringify(content);
}

function isObject(content: unknown): content is object {
  return typeof content === 'object' && content !== null;
}

/** An identifier of InfluxQL. */
export function quoteName(name: string): string {
  return `"${name.replace(/[\\"]/g, '\\$&')}"`;
}

/** A text of InfluxQL. */
export function quoteText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
