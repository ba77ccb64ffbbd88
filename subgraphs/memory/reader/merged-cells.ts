/** Letters of a cell that is read again in each row that it runs down, as the name of a group is. */
const MAX_LABEL = 100;

/** Returns whether a cell that runs down several rows is read again in each of them: without it they say less. */
export const isLabel = (text: string): boolean => text !== '' && text.length <= MAX_LABEL;
