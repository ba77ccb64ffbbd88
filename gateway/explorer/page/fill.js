const PLACE = /^\{\{([\w.]+)\}\}$/;

/**
 * Replaces the places of example variables, such as `{{createConversation.conversation.id}}`, with what earlier
 * operations answered, and `{{uuid}}` with a new UUID.
 *
 * @param variables any JSON value.
 * @param answers the data of earlier answers, by root field.
 * @throws {Error} that names the root field that has to be asked before.
 */
export function fill(variables, answers) {
  if (Array.isArray(variables)) return variables.map((one) => fill(one, answers));
  if (typeof variables === 'object' && variables !== null) {
    return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, fill(value, answers)]));
  }
  const path = typeof variables === 'string' ? PLACE.exec(variables)?.[1] : undefined;
  if (path === undefined) return variables;
  if (path === 'uuid') return crypto.randomUUID();
  const value = path.split('.').reduce((found, key) => found?.[key], answers);
  if (value === undefined || value === null) {
    throw new Error(`Run the tab with ${path.split('.')[0]} first, or put a value in the place of {{${path}}}.`);
  }
  return value;
}
