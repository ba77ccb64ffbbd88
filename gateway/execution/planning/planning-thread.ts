// A thread that plans: see planning.ts.
import { readlinkSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { Kind, parse } from 'graphql';
import { type Methods, serve } from '#platform/base/thread/thread-rpc.ts';
import type { Opinion } from './planners.ts';

export type Role = 'first' | 'second' | 'apollo' | 'native';

export interface PlanningData {
  readonly sdl: string;
  /** `first` and `second` are the two of `auto`. */
  readonly role: Role;
  /** Folder of code that was compiled before; undefined when there is none. */
  readonly compiled: string | undefined;
}

/** The request to a planner, without what the thread reads in the text itself. */
export interface PlanningAsked {
  readonly text: string;
  readonly conditions: readonly string[];
  readonly overrides: readonly string[] | undefined;
}

export interface PlanningMethods extends Methods {
  /** Answers when the planner is there: with the number of the thread, where threads have one. */
  ready(nothing: undefined): number | undefined;
  /** One after another. */
  plan(asked: PlanningAsked): Promise<Opinion>;
  /** Ends the planning of a planner that heeds it. */
  stop(nothing: undefined): void;
}

serve<PlanningData, PlanningMethods>(async ({ sdl, role, compiled }) => {
  if (compiled !== undefined) enableCompileCache(compiled);
  const { createFirstPlanner, createPlanner, createSecondPlanner } = await import('./planners.ts');
  const first = role === 'first' ? createFirstPlanner(sdl) : undefined;
  const other =
    role === 'first' ? undefined : await (role === 'second' ? createSecondPlanner(sdl) : createPlanner(sdl, role));
  if (compiled !== undefined) flushCompileCache();
  let controller = new AbortController();
  return {
    ready: threadNumber,
    async plan({ text, conditions, overrides }) {
      controller = new AbortController();
      const document = parse(text, { noLocation: true });
      const [operation] = document.definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('There is no operation to plan.');
      const asked = { document, operation, conditions, text, client: '', overrides };
      return first ? first(asked) : { plan: await other!.plan(asked, controller.signal), isDoubted: false };
    },
    stop: () => controller.abort(),
  };
});

/** Linux gives each thread a number, by which its priority can be set. */
const threadNumber = (): number | undefined =>
  process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/').at(-1)) : undefined;
