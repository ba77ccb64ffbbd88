// A thread that plans: see planning.ts.
import { readlinkSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { type Methods, serve } from '#platform/base/thread/thread-rpc.ts';
import type { Opinion } from './opinion.ts';
import type { AskedText, PlannerRole } from './planners.ts';

export interface PlanningData {
  readonly sdl: string;
  readonly role: PlannerRole;
  /** Folder of code that was compiled before; undefined when there is none. */
  readonly compiled: string | undefined;
}

export interface PlanningMethods extends Methods {
  /** Answers when the planner is there: with the number of the thread, where threads have one. */
  ready(nothing: undefined): number | undefined;
  /** One after another. */
  plan(asked: AskedText): Promise<Opinion>;
  /** Ends the planning of a planner that heeds it. */
  stop(nothing: undefined): void;
}

serve<PlanningData, PlanningMethods>(async ({ sdl, role, compiled }) => {
  if (compiled !== undefined) enableCompileCache(compiled);
  const { createPlanner } = await import('./planners.ts');
  const opinionOf = await createPlanner(sdl, role);
  if (compiled !== undefined) flushCompileCache();
  let controller = new AbortController();
  return {
    ready: threadNumber,
    plan(asked) {
      controller = new AbortController();
      return opinionOf(asked, controller.signal);
    },
    stop: () => controller.abort(),
  };
});

/** Linux gives each thread a number, by which its priority can be set. */
const threadNumber = (): number | undefined =>
  process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/').at(-1)) : undefined;
