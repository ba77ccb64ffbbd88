import type { Path, Plan, Step } from './plan.ts';

/** Returns a plan as indented text, for people and for tests. */
export function explainPlan(plan: Plan): string {
  const lines = plan.primary ? [`subscribe ${plan.primary.subgraph} ${plan.primary.text}`] : [];
  if (plan.specialize) lines.push(`planned again for each of ${plan.specialize.map((v) => `$${v}`).join(', ')}`);
  if (plan.root) lines.push(...linesOf(plan.root, plan.primary ? '  ' : ''));
  return lines.join('\n') || 'nothing to fetch';
}

function linesOf(step: Step, indent: string): string[] {
  const below = (child: Step | undefined): string[] => (child ? linesOf(child, `${indent}  `) : []);
  switch (step.kind) {
    case 'root':
      return [`${indent}fetch ${step.subgraph}${at(step.target)} ${step.text}`];
    case 'entities': {
      const places = step.groups.flatMap((group) => group.targets.map(at)).join('');
      return [`${indent}entities ${step.subgraph}${places} ${step.text}`];
    }
    case 'condition':
      return [
        `${indent}if $${step.variable}`,
        ...below(step.whenTrue),
        ...(step.whenFalse ? [`${indent}else`, ...below(step.whenFalse)] : []),
      ];
    default:
      return [`${indent}${step.kind}`, ...step.steps.flatMap(below)];
  }
}

const at = (path: Path): string =>
  path.length === 0
    ? ''
    : ` @${path.map((s) => (s === '@' ? '@' : 'field' in s ? s.field : `<${s.types.join('|')}>`)).join('.')}`;
