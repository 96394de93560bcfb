/** What an answer of InfluxDB means: taken, some points refused for good, or trouble that will pass or be mended. */
import { HttpError } from '@influxdata/influxdb-client';
import type { InfluxOptions } from './options.ts';

export type WriteAnswer =
  | { readonly kind: 'written' }
  /** Some of the lines will never be taken; `dropped`: so many, where the server says so. */
  | { readonly kind: 'refused'; readonly reason: string; readonly dropped: number }
  | { readonly kind: 'too-large'; readonly reason: string }
  /** Nothing is known of the lines: to be sent again. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | null };

/**
 * What 1.x, 2 and 3 say of points. Any other refusal is about the request or the server, and then the readings wait: a
 * proxy's page must not send a town's readings to the dead letters.
 */
const ABOUT_POINTS =
  /partial write|unable to parse|line protocol|field type conflict|retention policy|max-(values|series)-per|dropped=/i;
const MAX_REASON_CHARS = 300;

export function toWriteAnswer(status: number, body: string): WriteAnswer {
  const reason = saidIn(body);
  // A cluster of version 3 says 201 where it took some of the lines, and names the others in the body.
  if (status === 204 || (status === 201 && body === '')) return { kind: 'written' };
  if (status === 413) return { kind: 'too-large', reason };
  const isAboutPoints = status === 201 || ((status === 400 || status === 422) && ABOUT_POINTS.test(body));
  if (isAboutPoints) {
    return { kind: 'refused', reason, dropped: Number(/dropped=(\d+)/.exec(body)?.[1] ?? 0) };
  }
  return { kind: 'failed', reason: `answers ${status}, where InfluxDB says 204: ${reason}`, retryAfterMs: null };
}

/** As a sentence for the operator. */
export function troubleOf(error: Error & { code?: string | undefined }, { url, bucket, api }: InfluxOptions): string {
  if (error instanceof SyntaxError) return `${url} does not answer as InfluxDB does`;
  if (!(error instanceof HttpError)) {
    return error.code && error.code !== 'influx' ? `${url} cannot be reached (${error.code})` : error.message;
  }
  const { statusCode, body = '' } = error;
  const said = `${statusCode}: ${saidIn(body) || error.statusMessage}`;
  const store = `${api === 'v1' ? 'database' : 'bucket'} "${bucket}"`;
  if (statusCode === 401) return `${url} does not accept the credentials (${said})`;
  if (statusCode === 403) return `${url} does not allow this on ${store} (${said})`;
  if (statusCode === 404) return `${url} has no ${store} (${said})`;
  return `${url} answers ${said}`;
}

/** What keeps a question from being answered, where the server names it. */
export function unreadable(body: string, { url, bucket, api }: InfluxOptions): string {
  const said = saidIn(body);
  if (api === 'v1' || !/not found|dbrp/i.test(said)) return `${url} cannot be read (${said})`;
  return `${url} cannot read bucket "${bucket}" (${said}); in InfluxDB 2 it needs a DBRP mapping of that name`;
}

/** The message of 1.x and 3 (`error`) or of 2 (`message`); a page for people is only named. */
function saidIn(body: string): string {
  if (/^\s*</.test(body)) return 'a web page, not an answer of InfluxDB';
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    return String(error ?? message ?? body).slice(0, MAX_REASON_CHARS);
  } catch {
    return body.trim().slice(0, MAX_REASON_CHARS);
  }
}

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
