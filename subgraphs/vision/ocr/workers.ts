import os from 'node:os';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
import type { Config } from '#platform/base/config/config.ts';

/** More would take half a gigabyte and more for what gives way to everything else. */
const MAX_BY_ITSELF = 4;

/** Returns how many pages are read at a time. */
export const ocrWorkers = ({
  OCR_WORKERS,
  memoryMb = Number.POSITIVE_INFINITY,
}: Pick<Config, 'OCR_WORKERS'> & Partial<Pick<Config, 'memoryMb'>>): number =>
  hasLittleMemory(memoryMb) ? 1 : OCR_WORKERS || Math.min(MAX_BY_ITSELF, os.availableParallelism());
