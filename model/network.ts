/** Whose an address is, as far as strangers are counted by it. */

/**
 * An IPv4 address stands for itself; of IPv6 the first 64 bits count, since whoever has one address there has all of
 * them. What is no address is its own text.
 */
export function networkOf(address: string): string {
  const ip4 = ip4Of(address);
  if (ip4 !== null || !address.includes(':')) return ip4 ?? address;
  const [left = '', right] = (address.split('%')[0] ?? '').split('::');
  const head = groupsOf(left);
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - groupsOf(right).length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...groupsOf(right ?? '')];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || ip4Of(address)?.startsWith('127.') === true;
}

/** Also where it comes as IPv6, such as `::ffff:10.0.0.7`. */
function ip4Of(address: string): string | null {
  const last = address.slice(address.lastIndexOf(':') + 1);
  return last.includes('.') ? last : null;
}

const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16));
