import type { ToolDefinition } from '../messages.ts';

/** The template of a server whose models are not its own, which may hand on what it does not know of it. */
export interface ReplyTemplate {
  /** The tools whose calls may stand in the text: none of a server that reads them itself. */
  readonly tools: readonly ToolDefinition[];
  /** What is known of the thoughts of its model. */
  readonly thoughts?: OpenedThoughts;
}

/** The knowledge whether a template opens the thoughts of its model, so that a reply holds no more than their end. */
export interface OpenedThoughts {
  readonly known: boolean;
  /** Hears of each reply whether it showed it. */
  learn(opens: boolean): void;
}
