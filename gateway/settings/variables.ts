/**
 * Expands `${env.NAME}` in a text, as Rover does; `${env.NAME:-fallback}` is not Rover's, and counts as a variable that
 * is missing.
 */
export function expandVariables(
  text: string,
  env: Record<string, string | undefined>,
): { readonly text: string; readonly missing: readonly string[] } {
  const missing = new Set<string>();
  const expanded = text.replace(/\$\{env\.([^}]*)\}/g, (_, variable: string) => {
    const value = env[variable];
    if (value === undefined) missing.add(variable);
    return value ?? '';
  });
  return { text: expanded, missing: [...missing] };
}
