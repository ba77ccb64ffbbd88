import path from 'node:path';

/** What the image sets for each process. */
export const PROCESS_SETTINGS = {
  NODE_ENV: 'production',
  NODE_OPTIONS: '--max-semi-space-size=8',
  MALLOC_ARENA_MAX: '2',
} as const;

/**
 * Returns the settings of a process that is weighed: those of the image, whose memory is to be known, with a model that
 * stands at `modelUrl`, and without the limits that a benchmark would meet.
 *
 * @param folder of what V8 compiles, for the start after the first.
 */
export const asInTheImage = (modelUrl: string, folder: string): Record<string, string> => ({
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: modelUrl,
  OPENAI_MODEL: 'gpt-4o',
  EMBEDDED_FSYNC: 'true',
  NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
  ...PROCESS_SETTINGS,
  RATE_LIMIT_IDENTITY: '0',
  RATE_LIMIT_ADDRESS: '0',
  CHAT_SENDS_PER_MINUTE: '10000',
});
