import type { ToolDefinition } from '../messages.ts';

/** Returns the offered tool that a model means: Kimi writes `functions.weather:0`, gpt-oss `functions.weather`. */
export function offeredTool(tools: readonly ToolDefinition[], name: string): ToolDefinition | undefined {
  const plain = name.replace(/^functions?[.:/]/, '').replace(/:\d{1,4}$/, '');
  const named = (wanted: string) => tools.find((tool) => tool.function.name === wanted);
  return named(name) ?? named(plain);
}
