// Loaded before anything else in a process and its threads: WebAssembly comes late, as on a busy machine.
const { instantiate } = WebAssembly;
WebAssembly.instantiate = (async (...given: Parameters<typeof instantiate>) => {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return instantiate(...given);
}) as typeof instantiate;
