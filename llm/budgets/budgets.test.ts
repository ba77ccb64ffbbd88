import { Redis } from 'ioredis';
import { describe } from 'vitest';
import { ledgerContract } from './budgets.contract.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { RedisLedger } from './redis-ledger.ts';

ledgerContract('memory', async () => ({ ledger: new MemoryLedger(), close: async () => undefined }));

const url = process.env.REDIS_TEST_URL;
describe.skipIf(!url)('SKIPPED without REDIS_TEST_URL: the budget ledger in Redis', () => {
  ledgerContract('Redis', async () => {
    const commands = new Redis(url!);
    const prefix = `test-${process.pid}-${Date.now()}:`;
    return {
      ledger: new RedisLedger({ commands, prefix }),
      close: async () => {
        const keys = await commands.keys(`${prefix}*`);
        if (keys.length > 0) await commands.del(...keys);
        commands.disconnect();
      },
    };
  });
});
