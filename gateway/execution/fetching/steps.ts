import type { Step } from '../planning/plan.ts';
import { own } from '../prepare/data.ts';
import { clientVariable } from '../prepare/names.ts';
import { compileEntityFetch } from './entities.ts';
import { compileRootFetch, type Execute, type FetchScope } from './fetch.ts';

/** Compiles a plan into functions. A step with nothing to wait for returns undefined, so that no tick is lost to it. */
export function compileStep(step: Step, scope: FetchScope): Execute {
  switch (step.kind) {
    case 'root':
      return compileRootFetch(step, scope);
    case 'entities':
      return compileEntityFetch(step, scope);
    case 'condition': {
      const whenTrue = step.whenTrue && compileStep(step.whenTrue, scope);
      const whenFalse = step.whenFalse && compileStep(step.whenFalse, scope);
      const variable = clientVariable(step.variable);
      return (run) => (own(run.values, variable) === true ? whenTrue : whenFalse)?.(run);
    }
    case 'parallel': {
      const steps = step.steps.map((child) => compileStep(child, scope));
      return (run) => {
        const running = steps.map((execute) => execute(run)).filter((promise) => promise !== undefined);
        if (running.length === 0) return undefined;
        return running.length === 1 ? running[0] : Promise.all(running).then(nothing);
      };
    }
    case 'sequence': {
      const steps = step.steps.map((child) => compileStep(child, scope));
      return async (run) => {
        for (const execute of steps) {
          // After a stop every fetch fails at once; the steps still run, so that each reports its missing fields.
          const running = execute(run);
          if (running) await running;
        }
      };
    }
  }
}

const nothing = (): void => undefined;
