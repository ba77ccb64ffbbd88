import type { Alias, Target } from '../catalogue/catalogue.ts';
import type { DeploymentState } from './deployment-state.ts';

export interface Choice {
  readonly alias: Alias;
  /** Targets that may be asked now; at least one. */
  readonly targets: readonly Target[];
  readonly stateOf: (target: Target) => DeploymentState;
  /** Expected cost of this call at a target in picodollars; undefined when no price is known. */
  readonly priceOf: (target: Target) => bigint | undefined;
  /** 0 to 1. */
  readonly random: () => number;
}

/**
 * The strategies that choose among deployments. Targets of a lower `order` come first whatever the strategy; ties go to
 * the first listed.
 */
export class Strategies {
  /** Credits of the smooth weighted round robin, by alias and deployment. */
  readonly #credits = new Map<string, number>();

  choose(choice: Choice): Target {
    const lowest = Math.min(...choice.targets.map((target) => target.order));
    const targets = choice.targets.filter((target) => target.order === lowest);
    const [first] = targets;
    if (first === undefined) throw new Error('no target to choose from');
    if (targets.length === 1) return first;
    switch (choice.alias.strategy) {
      case 'priority':
        return first;
      case 'weighted':
        return this.#weighted(choice.alias, targets);
      case 'least_busy':
        return least(targets, (target) => choice.stateOf(target).inFlight, choice.random);
      case 'lowest_latency':
        return twoChoices(targets, (target) => choice.stateOf(target).cost(), choice.random);
      case 'cheapest':
        return cheapest(targets, choice.priceOf);
    }
  }

  /** nginx's smooth weighted round robin: exact shares over any stretch, and no bursts to the heaviest. */
  #weighted(alias: Alias, targets: readonly Target[]): Target {
    const total = targets.reduce((sum, target) => sum + target.weight, 0);
    let best = targets[0]!;
    let most = -Infinity;
    for (const target of targets) {
      const key = `${alias.id}\n${target.deployment.id}`;
      const credit = (this.#credits.get(key) ?? 0) + target.weight;
      this.#credits.set(key, credit);
      if (credit > most) {
        most = credit;
        best = target;
      }
    }
    this.#credits.set(`${alias.id}\n${best.deployment.id}`, most - total);
    return best;
  }
}

/** The smallest; among equals any, or a burst at rest would all go to the first. */
function least(targets: readonly Target[], measure: (target: Target) => number, random: () => number): Target {
  const values = targets.map(measure);
  const minimum = Math.min(...values);
  const equal = targets.filter((_, index) => values[index] === minimum);
  return equal[Math.floor(random() * equal.length)]!;
}

/** The better of two drawn at random: nearly as good as the best of all, and no stampede on the momentary best. */
function twoChoices(targets: readonly Target[], cost: (target: Target) => number, random: () => number): Target {
  const one = Math.floor(random() * targets.length);
  const other = (one + 1 + Math.floor(random() * (targets.length - 1))) % targets.length;
  const [a, b] = [targets[one]!, targets[other]!];
  return cost(b) < cost(a) ? b : a;
}

function cheapest(targets: readonly Target[], priceOf: Choice['priceOf']): Target {
  let best = targets[0]!;
  let lowest = priceOf(best);
  for (const target of targets.slice(1)) {
    const price = priceOf(target);
    if (price !== undefined && (lowest === undefined || price < lowest)) {
      best = target;
      lowest = price;
    }
  }
  return best;
}
