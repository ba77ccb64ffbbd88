import { hasLittleMemory } from '../../platform/base/config/available-memory.ts';

/**
 * Blocks from this size on, in bytes, malloc gets from the kernel and gives back at once. V8 compiles in blocks of
 * 32 KB that it frees soon; among smaller ones they leave holes, 80 MB, which no other use fills. Reads of sockets are
 * slower with it, so it is for little memory alone.
 */
const OWN_BLOCK_BYTES = '32000';

/**
 * Flags with which V8 collects garbage before it takes more memory, and has little room for new objects: 50 to 90 MB
 * less under load, for more time of the processor.
 */
const SMALL_HEAP = ['--optimize-for-size', '--max-semi-space-size=2'];

/** Whether malloc is that of glibc, which alone has these settings. */
function hasGlibc(): boolean {
  // Looking the names of the network's interfaces up takes time.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/**
 * Begins again as the same process where memory is little, with a malloc that gives back what is free and a V8 that
 * takes little: both read their settings when a process begins. Not where the parent has a channel to it, as with
 * `fork`, since that would be lost. Returns where there is nothing to do.
 */
export function beginWithLittleMemory(): void {
  if (
    process.platform !== 'linux' ||
    process.env['MALLOC_MMAP_THRESHOLD_'] !== undefined ||
    process.connected ||
    !hasLittleMemory() ||
    !hasGlibc()
  )
    return;
  const env = {
    ...process.env,
    MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2',
    MALLOC_MMAP_THRESHOLD_: OWN_BLOCK_BYTES,
    MALLOC_TRIM_THRESHOLD_: '65536',
  };
  process.execve!(
    process.execPath,
    [process.execPath, ...process.execArgv, ...SMALL_HEAP, ...process.argv.slice(1)],
    env,
  );
}
