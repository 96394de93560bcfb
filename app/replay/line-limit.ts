import { Transform } from 'node:stream';

const LF = 0x0a;
const CR = 0x0d;

/**
 * Passes a file on and fails where a line of it is longer than so many bytes. A file that has no lines, or one of a
 * megabyte that unpacks to gigabytes, is told from a table before a reader of tables gathers it in memory.
 */
export function createLineLimit(maxBytes: number): Transform {
  let line = 1;
  let length = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      let begin = 0;
      for (let end = nextEnd(chunk, begin); end >= 0; end = nextEnd(chunk, begin)) {
        length += end - begin;
        if (length > maxBytes) break;
        if (chunk[end] === LF) line++;
        begin = end + 1;
        length = 0;
      }
      length += chunk.length - begin;
      if (length > maxBytes) done(new Error(`line ${line} is longer than ${maxBytes / 2 ** 20} MB: is it a table?`));
      else done(null, chunk);
    },
  });
}

/** Of a line, be it ended as on Linux, on Windows or on an old Mac. */
function nextEnd(chunk: Buffer, from: number): number {
  const lf = chunk.indexOf(LF, from);
  const cr = chunk.subarray(from, lf < 0 ? chunk.length : lf).indexOf(CR);
  return cr < 0 ? lf : from + cr;
}
