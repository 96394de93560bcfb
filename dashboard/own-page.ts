import type { IncomingHttpHeaders } from 'node:http';

/** A web page of another origin may neither read along nor change anything: browsers let it try, so that is for us to refuse. */
export function isOwnPage({ origin, host }: IncomingHttpHeaders): boolean {
  return origin === undefined || URL.parse(origin)?.host === host;
}
