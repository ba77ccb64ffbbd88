import { Gauge, type Registry } from 'prom-client';

/** The instruments of memory. */
export interface MemoryMetrics {
  readonly indexDifference: Gauge<'index'>;
}

/** Creates the instruments of memory. */
export const createMemoryMetrics = (registry: Registry): MemoryMetrics => ({
  indexDifference: new Gauge({
    name: 'sextant_memory_index_difference',
    help: 'Texts by which an index and its rows differ while no work on it waits, at the last look.',
    labelNames: ['index'],
    registers: [registry],
  }),
});
