import type { Registry } from 'prom-client';

const made = new WeakMap<Registry, Map<(registry: Registry) => unknown, unknown>>();

/**
 * Returns what a function makes of a registry, made once, however many parts of one process ask for it: a registry
 * takes each name once.
 *
 * @param create a function of a module, not one made for this call: it is what the instruments are known by.
 */
export function once<M>(registry: Registry, create: (registry: Registry) => M): M {
  let instruments = made.get(registry);
  if (!instruments) {
    instruments = new Map();
    made.set(registry, instruments);
  }
  if (!instruments.has(create)) instruments.set(create, create(registry));
  return instruments.get(create) as M;
}
