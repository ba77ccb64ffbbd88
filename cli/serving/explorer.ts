import type { Account } from '#gateway/explorer/explorer.ts';

/** Operations that the explorer opens with, below the product's folder. */
export const EXAMPLES = 'cli/examples';

const TOKENS = 'tokens { accessToken accessTokenExpiresAt refreshToken }';
const CREDENTIALS = '$email: String!, $password: String!';
const INPUT = 'input: { email: $email, password: $password }';

/** How the explorer signs people up and in. */
export const ACCOUNT: Account = {
  signUp: `mutation SignUp(${CREDENTIALS}) { account: register(${INPUT}) { message } }`,
  signIn: `mutation SignIn(${CREDENTIALS}) { session: login(${INPUT}) { ${TOKENS} } }`,
  refresh: `mutation Refresh($refreshToken: String!) { session: refresh(input: { refreshToken: $refreshToken }) { ${TOKENS} } }`,
  who: 'query Who { person: me { name: displayName } }',
};
