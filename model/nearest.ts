/** The name that was probably meant: one letter added, left out or changed, or two swapped. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  for (const candidate of names) if (isNear(candidate, name)) return candidate;
  return undefined;
}

function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const restA = a.slice(start, a.length - end);
  const restB = b.slice(start, b.length - end);
  return restA.length + restB.length <= 2 || (restA.length === 2 && restA === [...restB].reverse().join(''));
}
