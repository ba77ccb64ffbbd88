import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
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

  it('two processes cannot overrun a budget together', async () => {
    const connections = [new Redis(url!), new Redis(url!)];
    const prefix = `test-two-${process.pid}-${Date.now()}:`;
    const ledgers = connections.map((commands) => new RedisLedger({ commands, prefix }));
    const claim = { subject: 'user:u', unit: 'nanodollars', limit: 100, per: 'day', amount: 10 } as const;
    const results = await Promise.all(Array.from({ length: 50 }, (_, index) => ledgers[index % 2]!.reserve([claim])));
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    const keys = await connections[0]!.keys(`${prefix}*`);
    if (keys.length > 0) await connections[0]!.del(...keys);
    for (const connection of connections) connection.disconnect();
  });

  it('is closed when Redis cannot be asked', async () => {
    const commands = new Redis(url!);
    await commands.ping();
    const ledger = new RedisLedger({ commands, prefix: 'gone:' });
    commands.disconnect();
    const claim = { subject: 'user:u', unit: 'tokens', limit: 1, per: 'minute', amount: 1 } as const;
    await expect(ledger.reserve([claim])).rejects.toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE' } });
  });
});
