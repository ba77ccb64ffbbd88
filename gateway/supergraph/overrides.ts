/**
 * Returns the labels of progressive overrides (`@override(from: "a", label: "percent(20)")`) that a supergraph has.
 *
 * @returns which of them are taken and which not. The gateway does not choose by request: `percent(100)` is taken
 * always, a smaller share and labels of other kinds never are.
 */
export function overrideLabels(sdl: string): { readonly taken: readonly string[]; readonly left: readonly string[] } {
  const labels = new Set([...sdl.matchAll(/\boverrideLabel:\s*"([^"\\]*)"/g)].map(([, label]) => label!));
  const isTaken = (label: string): boolean => Number(/^percent\((\d+(?:\.\d+)?)\)$/.exec(label)?.[1] ?? 0) >= 100;
  return { taken: [...labels].filter(isTaken), left: [...labels].filter((label) => !isTaken(label)) };
}
