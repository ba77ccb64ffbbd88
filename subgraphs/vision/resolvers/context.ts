import type { RequestContext } from '#platform/host/definition.ts';
import type { Loaders } from '../loaders.ts';

export type Context = RequestContext<Loaders>;
