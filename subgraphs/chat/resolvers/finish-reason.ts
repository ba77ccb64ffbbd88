const NAMES = new Set(['STOP', 'LENGTH', 'TOOL_CALLS', 'CONTENT_FILTER', 'STOPPED']);

/** Returns the name that the graph has for how a model ended: providers have more reasons than clients can know. */
export function finishReasonName(reason: string): string {
  const name = reason.toUpperCase();
  if (NAMES.has(name)) return name;
  return name === 'FUNCTION_CALL' ? 'TOOL_CALLS' : 'OTHER';
}
