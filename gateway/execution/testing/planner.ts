import type { Planner } from '../planning/planner.ts';
import { createPlanner, type PlannerChoice, type PlannerRole } from '../planning/planners.ts';
import { type PlannerPlace, Planning } from '../planning/planning.ts';

/** However long a planner takes: nothing is late or slow. */
const PATIENT_MS = 3_600_000;

/** The gateway's own planning, whose planners work in this thread: a test of many graphs waits for none to start. */
export const planningOf = (sdl: string, choice: PlannerChoice = 'auto'): Planner =>
  new Planning({ sdl, choice, timeoutMs: PATIENT_MS, slowMs: PATIENT_MS, open: openHere });

function openHere(sdl: string, role: PlannerRole): PlannerPlace {
  let opened: ReturnType<typeof createPlanner> | undefined;
  const methods = {
    ready: () => undefined,
    async plan(asked: never) {
      opened ??= createPlanner(sdl, role);
      return (await opened)(asked, new AbortController().signal);
    },
    stop: () => undefined,
  };
  return {
    start: () => undefined,
    kill: () => undefined,
    cpuMs: async () => undefined,
    call: async (method, argument) => (await methods[method as keyof typeof methods](argument as never)) as never,
  };
}
