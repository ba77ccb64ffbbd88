import { pino } from 'pino';
import { expect, it } from 'vitest';
import { requestFields } from '../base/log/request-log.ts';
import { createSubgraph } from './host.ts';
import { hostPlatform, user } from './testing/platform.ts';
import { library } from './testing/subgraph.ts';

it('what is logged while a request is answered has its id, however deep and whichever log writes it', async () => {
  const lines: { requestId?: string; msg: string }[] = [];
  const log = pino({ mixin: requestFields }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const deep = async (): Promise<string> => {
    await new Promise((resolve) => setImmediate(resolve));
    log.child({ part: 'far below' }).info('deep');
    return 'user';
  };
  const start = async (platform: Parameters<typeof library.start>[0]) => {
    const running = await library.start(platform);
    return { ...running, resolvers: { ...running.resolvers, Query: { ...running.resolvers['Query'], mine: deep } } };
  };
  const { transport } = await createSubgraph({ ...library, start }, { ...hostPlatform(), log });
  const ask = (requestId: string) => transport.execute({ query: '{ mine }', identity: user(), requestId });
  await Promise.all([ask('first'), ask('second')]);
  log.info('outside');
  expect(
    lines
      .filter(({ msg }) => msg === 'deep')
      .map(({ requestId }) => requestId)
      .sort(),
  ).toEqual(['first', 'second']);
  expect(lines.at(-1)).not.toHaveProperty('requestId');
});
