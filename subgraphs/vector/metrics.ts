import { Gauge, type Registry } from 'prom-client';
import { once } from '#platform/base/metrics/once.ts';

/** The instruments of vector. */
export interface VectorMetrics {
  readonly objectsLost: Gauge;
}

/** Returns the instruments of one registry, made once. */
export const vectorMetrics = (registry: Registry): VectorMetrics => once(registry, createVectorMetrics);

const createVectorMetrics = (registry: Registry): VectorMetrics => ({
  objectsLost: new Gauge({
    name: 'sextant_vector_objects_lost',
    help: 'Objects of collections that were stored and that the vector store does not hold, at the last look.',
    registers: [registry],
  }),
});
