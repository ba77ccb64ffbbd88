/** The pattern of ids as this system writes them: in lower case. */
export const OWN_UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Returns whether a text can be the id of anything here, of whatever version and in either case. What cannot is not
 * found, rather than an error of the database.
 */
export const isUuid = (text: string): boolean => OWN_UUID.test(text.toLowerCase());
