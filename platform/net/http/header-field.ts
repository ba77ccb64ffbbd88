/** The name of a header (RFC 9110, `token`): anything else would end its line, or the whole head. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** The value of a header: visible characters, blanks and tabs. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
