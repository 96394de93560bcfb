/** Where InfluxDB is, and as whom we come. */
export interface InfluxOptions {
  /** `http://host:port`, with a path where a proxy wants one. */
  readonly url: string;
  /** v2: `/api/v2/write`, of 1.8, 2 and 3. v1: `/write`, of all of them. */
  readonly api: 'v1' | 'v2';
  /** The bucket, or the database of v1. */
  readonly bucket: string;
  readonly org?: string | undefined;
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** For a whole answer; default 10 s. */
  readonly timeoutMs?: number | undefined;
}
