/** The part of qlobber that the broker uses; the library brings no types. */
declare module 'qlobber' {
  interface QlobberOptions {
    readonly separator: string;
    readonly wildcard_one: string;
    readonly wildcard_some: string;
    readonly match_empty_levels: boolean;
  }
  export class Qlobber<T> {
    constructor(options: QlobberOptions);
    add(filter: string, value: T): this;
    /** The value is found by identity. */
    remove(filter: string, value: T): this;
    match(topic: string): T[];
    test(topic: string, value: T): boolean;
  }
}
