/** Returns the arguments of a call as text; Ollama and others send them as an object. */
export function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : '';
}
