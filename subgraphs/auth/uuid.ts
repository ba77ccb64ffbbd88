import { validate } from 'uuid';

/**
 * Returns whether it can be the id of anything here; what cannot is not found, rather than an error of the database.
 */
export const isUuid = (id: string): boolean => validate(id);
