// The explorer: GraphiQL over HTTP and graphql-ws, signed in, with the example operations. Runs in the browser as it is.

import { fill } from './fill.js';
import { createClient, createElement, createGraphiQLFetcher, createRoot, GraphiQL, useState } from './parts.js';
import { Session } from './session.js';

globalThis.MonacoEnvironment = {
  getWorker: (_, label) =>
    new Worker(`/explorer/${label === 'json' || label === 'graphql' ? label : 'editor'}.worker.js`, { type: 'module' }),
};

const settings = await (await fetch('/explorer/settings.json')).json();
const endpoint = new URL('/graphql', location.origin);
const session = settings.account && new Session({ endpoint, operations: settings.account, storage: sessionStorage });
// A link may bring the token in the fragment, which browsers never send to a server.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given && session) {
  session.use(given);
  history.replaceState(null, '', location.pathname);
}

/** The data of the latest answers by root field, for the variables of examples. */
const answers = {};
const credentials = async () => (session ? await session.headers() : {});
const ask = createGraphiQLFetcher({
  url: endpoint.href,
  async fetch(url, init) {
    const response = await fetch(url, { ...init, headers: { ...init.headers, ...(await credentials()) } });
    if (response.headers.get('content-type')?.includes('json')) {
      const { data } = await response.clone().json();
      Object.assign(answers, data);
    }
    return response;
  },
  wsClient: createClient({ url: endpoint.href.replace(/^http/, 'ws'), lazy: true, connectionParams: credentials }),
});
const fetcher = (params, options) => ask({ ...params, variables: fill(params.variables, answers) }, options);

const element = createElement;
const button = (label, props) => element('button', { type: 'button', ...props }, label);
const field = (name, type, placeholder, autoComplete) =>
  element('input', { name, type, placeholder, autoComplete, required: true });

function Account({ known }) {
  const [name, setName] = useState(known);
  const [said, setSaid] = useState(session.isSignedIn || !given ? '' : 'The token of the link is not good (any more).');
  if (name) {
    const signOut = () => {
      session.signOut();
      setName(undefined);
    };
    return element('p', null, `Signed in as ${name}. `, button('Sign out', { onClick: signOut }));
  }
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [email, password] = [form.get('email'), form.get('password')];
    try {
      const message = event.nativeEvent.submitter.value === 'up' ? await session.signUp(email, password) : '';
      setSaid(message);
      await session.signIn(email, password);
      setName(await session.who());
    } catch (error) {
      setSaid((before) => [before, error.message].filter(Boolean).join(' '));
    }
  };
  return element(
    'form',
    { onSubmit: submit },
    field('email', 'email', 'E-mail', 'username'),
    field('password', 'password', 'Password', 'current-password'),
    button('Sign in', { type: 'submit', value: 'in' }),
    button('Sign up', { type: 'submit', value: 'up' }),
    element('output', null, said),
  );
}

const name = session && (await session.who());
const explorer = element(
  'div',
  { className: 'explorer' },
  session && element('header', null, element('strong', null, 'Sextant explorer'), element(Account, { known: name })),
  element(GraphiQL, { fetcher, ...(settings.examples.length > 0 && { defaultTabs: settings.examples }) }),
);
createRoot(document.getElementById('explorer')).render(explorer);
