import { Gauge, type Registry } from 'prom-client';
import { once } from '#platform/base/metrics/once.ts';

/** The instruments of memory. */
export interface MemoryMetrics {
  readonly indexDifference: Gauge<'index'>;
}

/** Returns the instruments of one registry, made once. */
export const memoryMetrics = (registry: Registry): MemoryMetrics => once(registry, createMemoryMetrics);

const createMemoryMetrics = (registry: Registry): MemoryMetrics => ({
  indexDifference: new Gauge({
    name: 'sextant_memory_index_difference',
    help: 'Texts by which an index and its rows differ while no work on it waits, at the last look.',
    labelNames: ['index'],
    registers: [registry],
  }),
});
