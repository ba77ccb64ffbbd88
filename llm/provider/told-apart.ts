/** A piece of a reply, told apart. */
export interface ToldApart {
  readonly reasoning: string;
  readonly text: string;
}
