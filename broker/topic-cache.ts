/** What is worked out from a topic, remembered: devices publish on few topics, and often. */

export interface TopicCache<T> {
  get(topic: string): T;
  clear(): void;
}

const MAX_TOPICS = 20_000;
/** A longer topic is worked out anew each time: memory must not grow with what strangers send. */
const MAX_TOPIC_CHARS = 256;

export function createTopicCache<T extends object | null>(
  workOut: (topic: string) => T,
  isSmall: (result: T) => boolean = () => true,
): TopicCache<T> {
  const known = new Map<string, T>();

  function add(topic: string): T {
    const result = workOut(topic);
    if (topic.length > MAX_TOPIC_CHARS || !isSmall(result)) return result;
    if (known.size >= MAX_TOPICS) known.clear();
    known.set(topic, result);
    return result;
  }

  return {
    get(topic) {
      const result = known.get(topic);
      return result === undefined ? add(topic) : result;
    },
    clear: () => known.clear(),
  };
}
