/** How long things take on a serial line, which a pseudo-terminal does not know. */
export interface Pace {
  /** From a request being there all at once until its answer would have been said to the end. */
  msUntilSaid(requestPduBytes: number, answerBytes: number): number;
}

/** Start bit, eight data bits, parity or a stop bit, stop bit. */
const BITS = 11;
/** Address and checksum around a request. */
const ENVELOPE_BYTES = 3;
const GAP_CHARACTERS = 3.5;

/** Who speaks at once waits for whoever is speaking. A baud rate of null takes no time. */
export function createPace(baud: number | null, nowMs: () => number = () => performance.now()): Pace {
  const msPerCharacter = baud === null ? 0 : (BITS * 1000) / baud;
  let freeAtMs = 0;
  return {
    msUntilSaid(requestPduBytes, answerBytes) {
      const now = nowMs();
      const characters = requestPduBytes + ENVELOPE_BYTES + GAP_CHARACTERS + answerBytes;
      freeAtMs = Math.max(freeAtMs, now) + characters * msPerCharacter;
      return freeAtMs - now;
    },
  };
}
