import type { Composed } from '../composed-endpoint.ts';
import { CHAT } from './chat.ts';
import { ANALYZE, GENERATE, OCR } from './vision.ts';

/** The product's endpoints that take several operations. */
export const COMPOSED: readonly Composed[] = [CHAT, ANALYZE, OCR, GENERATE];
